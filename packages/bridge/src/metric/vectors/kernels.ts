// Distances between two samples from averages over all pairs of points: energy distance and MMD.
import { call, cat, type Tensor, tidy } from "@dsbm/torch";
import { distanceBlocks } from "../../ot/cost.js";
import { type Counts, type Subsample, subsampled } from "./subsample.js";
import { comparable } from "./wasserstein.js";

/**
 * The energy distance 2 E|X − Y| − E|X − X′| − E|Y − Y′| of samples x [n, …] and y [m, …], in units of x: at least 0,
 * and 0 only for equal distributions (Székely 2013). Expectations are over all pairs, a point with itself
 * included. Of more than `most` points a subsample is compared, which the result states.
 */
export function energyDistance(
  x: Tensor,
  y: Tensor,
  options: Subsample = {},
): Counts & { value: number } {
  return tidy(() => {
    const { counts, ...pair } = subsampled(...comparable(x, y), options);
    const mean = (a: Tensor, b: Tensor) => pairMean(a, b, (distances) => distances);
    const value = 2 * mean(pair.x, pair.y) - mean(pair.x, pair.x) - mean(pair.y, pair.y);
    return { value: Math.max(0, value), ...counts };
  });
}

/** Points of each sample whose distances give the bandwidth, at most. */
const bandwidthPoints = 1000;

/**
 * The squared maximum mean discrepancy E k(X, X′) + E k(Y, Y′) − 2 E k(X, Y) of samples x [n, …] and y [m, …] for the
 * kernel k(x, y) = exp(−|x − y|²/(2h²)), without units (Gretton 2012, the biased estimate, at least 0).
 * `bandwidth` is h; by default the median distance between two points of both samples together (Garreau 2017), of
 * up to 1,000 of each. Of more than `most` points a subsample is compared, which the result states.
 */
export function mmd(
  x: Tensor,
  y: Tensor,
  { bandwidth, ...options }: Subsample & { bandwidth?: number } = {},
): Counts & { value: number; bandwidth: number } {
  return tidy(() => {
    const { counts, ...pair } = subsampled(...comparable(x, y), options);
    const h = bandwidth ?? medianDistance(pair.x, pair.y, options.seed);
    const mean = (a: Tensor, b: Tensor) =>
      pairMean(a, b, (distances) => distances.div(h).square().mul(-0.5).exp());
    const value = mean(pair.x, pair.x) + mean(pair.y, pair.y) - 2 * mean(pair.x, pair.y);
    return { value: Math.max(0, value), bandwidth: h, ...counts };
  });
}

/** The median distance between two different points of both samples together; 1 where that is 0. */
function medianDistance(x: Tensor, y: Tensor, seed = 0): number {
  const some = subsampled(x, y, { most: bandwidthPoints, seed });
  const distances = call("aten::pdist", "", cat([some.x, some.y])) as Tensor;
  return distances.median().item() || 1;
}

/** The mean of `fn` of the distances between all pairs of rows of a [n, d] and b [m, d]. */
function pairMean(a: Tensor, b: Tensor, fn: (distances: Tensor) => Tensor): number {
  const sums = distanceBlocks(a, b, (distances) => fn(distances).sum().item());
  return sums.reduce((sum, part) => sum + part, 0) / (a.size(0) * b.size(0));
}

// Distances between two samples from averages over all pairs of points: energy distance and MMD. A resample weighs the
// same pairs otherwise, so that an interval costs one product more for each block of distances.
import { call, cat, type Tensor, tidy } from "@dsbm/torch";
import { type Counts, type Subsample, subsampled } from "../../core/subsample.js";
import { distanceBlocks } from "../../ot/cost.js";
import {
  type Estimate,
  equalWeights,
  intervalOf,
  type Resampling,
  resampleWeights,
} from "./bootstrap.js";
import { comparable } from "./wasserstein.js";

type PairOptions = Subsample & Pick<Resampling, "resamples">;

/**
 * The energy distance 2 E|X − Y| − E|X − X′| − E|Y − Y′| of samples x [n, …] and y [m, …], in units of x: at least 0,
 * and 0 only for equal distributions (Székely 2013). Expectations are over all pairs, a point with itself
 * included. Of more than `most` points a subsample is compared, which the result states. `resamples` gives the interval.
 */
export function energyDistance(x: Tensor, y: Tensor, options: PairOptions = {}): Counts & Estimate {
  return tidy(() => {
    const { counts, ...pair } = subsampled(...comparable(x, y), options);
    const weights = weightsOf(pair, options);
    const mean = pairMeans(pair, weights, (distances) => distances);
    const [crossing, xs, ys] = [mean("x", "y"), mean("x", "x"), mean("y", "y")];
    const [value, ...resampled] = crossing.map((c, k) =>
      Math.max(0, 2 * c - (xs[k] as number) - (ys[k] as number)),
    ) as [number, ...number[]];
    return { ...estimate(value, resampled, 0), ...counts };
  });
}

type Side = "x" | "y";

/** Points of each sample whose distances give the bandwidth, at most. */
const bandwidthPoints = 1000;

/** Bandwidths of the kernel mixture, in units of the median distance. */
const mixture = [0.25, 0.5, 1, 2, 4];

type MMDOptions = PairOptions & { bandwidth?: number | readonly number[]; unbiased?: boolean };

/**
 * The squared maximum mean discrepancy E k(X, X′) + E k(Y, Y′) − 2 E k(X, Y) of samples x [n, …] and y [m, …], without
 * units, for the mean of the kernels exp(−|x − y|²/(2h²)) over the bandwidths h (Gretton 2012).
 *
 * `bandwidth` is one h or several; by default ¼, ½, 1, 2 and 4 times the median distance between two points of both
 * samples together (Garreau 2017), of up to 1,000 of each. The estimate is unbiased, so it falls below 0 too where
 * both are alike; `unbiased: false` includes a point with itself and is at least 0. Of more than `most` points a
 * subsample is compared, which the result states. `resamples` gives the interval.
 */
export function mmd(
  x: Tensor,
  y: Tensor,
  { bandwidth, unbiased = true, ...options }: MMDOptions = {},
): Counts & Estimate & { bandwidth: number[] } {
  return tidy(() => {
    const { counts, ...pair } = subsampled(...comparable(x, y), options);
    const widths =
      bandwidth === undefined ? kernelWidths(pair.x, pair.y, options) : [bandwidth].flat();
    const weights = weightsOf(pair, options);
    const mean = pairMeans(pair, weights, (distances) => {
      const squared = distances.square();
      return widths
        .map((h) => squared.mul(-0.5 / h ** 2).exp())
        .reduce((sum, part) => sum.add(part))
        .div(widths.length);
    });
    // A point with itself has the kernel 1.
    const own = (side: Side) => {
      const all = mean(side, side);
      if (!unbiased || pair[side].size(0) < 2) return all;
      const selves = weights[side].square().sum(1).toNumbers();
      return all.map((one, k) => (one - (selves[k] as number)) / (1 - (selves[k] as number)));
    };
    const [crossing, xs, ys] = [mean("x", "y"), own("x"), own("y")];
    const [value, ...resampled] = crossing.map(
      (c, k) => (xs[k] as number) + (ys[k] as number) - 2 * c,
    ) as [number, ...number[]];
    const found = unbiased ? value : Math.max(0, value);
    return { ...estimate(found, resampled), bandwidth: widths, ...counts };
  });
}

/** The default bandwidths of `mmd` for samples x [n, …] and y [m, …]. */
export function kernelWidths(
  x: Tensor,
  y: Tensor,
  { seed = 0 }: Pick<Subsample, "seed"> = {},
): number[] {
  // The median distance between two different points of both samples together; 1 where that is 0.
  const median = tidy(() => {
    const some = subsampled(...comparable(x, y), { most: bandwidthPoints, seed });
    const distances = call("aten::pdist", "", cat([some.x, some.y])) as Tensor;
    return distances.median().item() || 1;
  });
  return mixture.map((factor) => factor * median);
}

/** Without resamples there is no interval: both of its ends are the value. */
const estimate = (value: number, resampled: readonly number[], least?: number): Estimate =>
  resampled.length === 0
    ? { value, low: value, high: value }
    : intervalOf(value, resampled, { least });

/** Weights of the points of both sides, those of resamples last. */
function weightsOf(points: Record<Side, Tensor>, { resamples = 0, seed = 0 }: Resampling) {
  const of = (purpose: Side) => {
    const n = points[purpose].size(0);
    return resamples === 0 ? equalWeights(n) : resampleWeights(n, { resamples, seed, purpose });
  };
  return { x: of("x"), y: of("y") };
}

/** The weighted means of `fn` of the distances between all pairs of two sides, one for each row of the weights. */
function pairMeans(
  points: Record<Side, Tensor>,
  weights: Record<Side, Tensor>,
  fn: (distances: Tensor) => Tensor,
) {
  return (first: Side, second: Side): number[] => {
    const parts = distanceBlocks(points[first], points[second], (distances, start) => {
      const rows = weights[first].narrow(1, start, distances.size(0));
      return weights[second].mm(fn(distances).t()).mul(rows).sum(1).toNumbers();
    });
    return parts.reduce((sum, part) => sum.map((one, k) => one + (part[k] as number)));
  };
}

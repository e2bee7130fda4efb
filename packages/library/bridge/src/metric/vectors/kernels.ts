// Energy distance and MMD, from averages over all pairs. A resample weighs the same pairs, so an interval costs one
// product a block.
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
 * The energy distance 2 E|X − Y| − E|X − X′| − E|Y − Y′| of samples x [n, …] and y [m, …], in units of x, over all
 * pairs (Székely 2013). Compares a subsample above `most` points; `resamples` gives the interval.
 */
export function energyDistance(x: Tensor, y: Tensor, options: PairOptions = {}): Counts & Estimate {
  return tidy(() => {
    const { counts, ...pair } = subsampled(...comparable(x, y), options);
    const weights = weightsOf(pair, options);
    const mean = pairMeans(pair, weights, (distances) => distances);
    const crossing = mean("x", "y");
    const xs = mean("x", "x");
    const ys = mean("y", "y");
    const [value, ...resampled] = crossing.map((c, k) =>
      Math.max(0, 2 * c - (xs[k] as number) - (ys[k] as number)),
    ) as [number, ...number[]];
    return { ...estimate(value, resampled, 0), ...counts };
  });
}

type Side = "x" | "y";

const bandwidthPoints = 1000;

const mixture = [0.25, 0.5, 1, 2, 4];

type MMDOptions = PairOptions & { bandwidth?: number | readonly number[]; unbiased?: boolean };

/**
 * The squared MMD E k(X, X′) + E k(Y, Y′) − 2 E k(X, Y) of samples x [n, …] and y [m, …] for the mean of kernels
 * exp(−|x − y|²/(2h²)) over bandwidths h (Gretton 2012), by default multiples of the median distance (Garreau
 * 2017). Unbiased, so it can be negative; `unbiased: false` is at least 0. Subsamples and intervals as
 * `energyDistance`.
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
    const own = (side: Side) => {
      const all = mean(side, side);
      if (!unbiased || pair[side].size(0) < 2) return all;
      const selves = weights[side].square().sum(1).toNumbers();
      return all.map((one, k) => (one - (selves[k] as number)) / (1 - (selves[k] as number)));
    };
    const crossing = mean("x", "y");
    const xs = own("x");
    const ys = own("y");
    const [value, ...resampled] = crossing.map(
      (c, k) => (xs[k] as number) + (ys[k] as number) - 2 * c,
    ) as [number, ...number[]];
    const found = unbiased ? value : Math.max(0, value);
    return { ...estimate(found, resampled), bandwidth: widths, ...counts };
  });
}

/** The default bandwidths of `mmd`. */
export function kernelWidths(
  x: Tensor,
  y: Tensor,
  { seed = 0 }: Pick<Subsample, "seed"> = {},
): number[] {
  // The median distance of different points; 1 if it is 0.
  const median = tidy(() => {
    const some = subsampled(...comparable(x, y), { most: bandwidthPoints, seed });
    const distances = call("aten::pdist", "", cat([some.x, some.y])) as Tensor;
    return distances.median().item() || 1;
  });
  return mixture.map((factor) => factor * median);
}

const estimate = (value: number, resampled: readonly number[], least?: number): Estimate =>
  resampled.length === 0
    ? { value, low: value, high: value }
    : intervalOf(value, resampled, { least });

function weightsOf(points: Record<Side, Tensor>, { resamples = 0, seed = 0 }: Resampling) {
  const of = (purpose: Side) => {
    const n = points[purpose].size(0);
    return resamples === 0 ? equalWeights(n) : resampleWeights(n, { resamples, seed, purpose });
  };
  return { x: of("x"), y: of("y") };
}

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

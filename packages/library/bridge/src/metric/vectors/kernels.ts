import { call, cat, full, type Tensor, tidy } from "@dsbm/torch";
import { dataError } from "../../core/errors.js";
import { type Subsample, subsample } from "../../core/subsample.js";
import { distanceBlocks } from "../../ot/cost.js";
import { comparableVectors } from "./wasserstein.js";

/** Rows [n, …] with weights [k, n] that sum to 1 along the rows: k samples of the rows. */
export interface WeightedRows {
  /** [n, …] */
  rows: Tensor;
  /** [k, n] */
  weights: Tensor;
}

/** Means of a kernel over pairs of rows, between two samples and within each. */
export interface PairMeans {
  /** Over a row of each sample. */
  between: number;
  /** Over two rows of the first sample. */
  withinX: number;
  /** Over two rows of the second sample. */
  withinY: number;
}

/** A statistic of two samples that follows from means over pairs of rows. */
export interface PairStatistic {
  /** The kernel [n, m] of distances [n, m]. */
  kernel(distances: Tensor): Tensor;
  /** Combines the means of samples of n and m rows to the value. */
  combine(means: PairMeans, n: number, m: number): number;
}

/**
 * Means of kernels over the pairs of x [n, …] and y [m, …], a list of k samples for each kernel. All kernels and samples share one
 * computation of the distances.
 * @throws {BridgeError} unless rows are finite and of one size.
 */
export function weightedPairMeans(
  x: WeightedRows,
  y: WeightedRows,
  kernels: readonly PairStatistic["kernel"][],
): number[][] {
  return tidy(() => {
    const [a, b] = comparableVectors(x.rows, y.rows);
    const blocks = distanceBlocks(a, b, (distances, start) => {
      const weights = x.weights.narrow(1, start, distances.size(0));
      return kernels.map((kernel) => [
        ...weights.mm(kernel(distances)).mul(y.weights).sum(1).toNumbers(),
      ]);
    });
    return kernels.map((_, i) =>
      blocks[0][i].map((_, k) => blocks.reduce((sum, block) => sum + block[i][k], 0)),
    );
  });
}

/** All rows [n, …] as one sample. */
export const evenWeights = (rows: Tensor): WeightedRows => {
  const n = rows.size(0);
  return { rows, weights: full([1, n], 1 / n, { dtype: "float64" }) };
};

function statisticOf({ kernel, combine }: PairStatistic, x: Tensor, y: Tensor): number {
  return tidy(() => {
    const mean = (p: Tensor, q: Tensor) =>
      weightedPairMeans(evenWeights(p), evenWeights(q), [kernel])[0][0];
    const means = { between: mean(x, y), withinX: mean(x, x), withinY: mean(y, y) };
    return combine(means, x.size(0), y.size(0));
  });
}

/** The statistic of `energyDistance`. */
export const energyStatistic: PairStatistic = {
  kernel: (distances) => distances,
  combine: ({ between, withinX, withinY }) => Math.max(0, 2 * between - withinX - withinY),
};

/** The statistic of `mmd`. */
export function mmdStatistic(bandwidth: number | readonly number[]): PairStatistic {
  const widths = [bandwidth].flat().toSorted((h, g) => g - h);
  // A row and itself are no pair; their kernel is 1.
  const ofPairs = (mean: number, n: number) => (n < 2 ? mean : (mean * n - 1) / (n - 1));
  return {
    kernel: (distances) => meanKernel(distances, widths),
    combine: ({ between, withinX, withinY }, n, m) =>
      ofPairs(withinX, n) + ofPairs(withinY, m) - 2 * between,
  };
}

/**
 * The energy distance 2 E|X − Y| − E|X − X′| − E|Y − Y′| of samples x [n, …] and y [m, …], in units of x, over all
 * pairs (Székely 2013).
 */
export const energyDistance = (x: Tensor, y: Tensor): number => statisticOf(energyStatistic, x, y);

/**
 * The squared MMD E k(X, X′) + E k(Y, Y′) − 2 E k(X, Y) of samples x [n, …] and y [m, …] for the mean of kernels
 * exp(−|x − y|²/(2h²)) over bandwidths h (Gretton 2012). Unbiased, so it can be negative.
 */
export const mmd = (
  x: Tensor,
  y: Tensor,
  { bandwidth }: { bandwidth: number | readonly number[] },
): number => statisticOf(mmdStatistic(bandwidth), x, y);

/**
 * The kernel inception distance: the unbiased squared MMD of features x [n, d] and y [m, d] for the kernel (x·y/d + 1)³
 * (Bińkowski 2018). It can be negative.
 * @throws {BridgeError} below two rows of a side.
 */
export function kernelInceptionDistance(x: Tensor, y: Tensor): number {
  const least = Math.min(x.size(0), y.size(0));
  if (least < 2)
    throw dataError(
      `a kernel inception distance of ${least} row; expected at least 2 of each side`,
    );
  return tidy(() => {
    const [a, b] = comparableVectors(x, y);
    const kernel = (p: Tensor, q: Tensor) => p.mm(q.t()).div(a.size(1)).add(1).pow(3);
    const withinMean = (p: Tensor) => {
      const k = kernel(p, p);
      const n = p.size(0);
      return k.sum().sub(k.trace()).item() / (n * (n - 1));
    };
    return withinMean(a) + withinMean(b) - 2 * kernel(a, b).mean().item();
  });
}

/** The mean of exp(−distances²/(2h²)) over decreasing widths h. Half of a width is the kernel's fourth power. */
function meanKernel(distances: Tensor, widths: readonly number[]): Tensor {
  const squared = distances.square();
  let kernel = squared;
  let sum: Tensor | null = null;
  for (const [i, h] of widths.entries()) {
    const isHalf = i > 0 && widths[i - 1] === 2 * h;
    kernel = isHalf ? kernel.square().square() : squared.mul(-0.5 / h ** 2).exp_();
    sum = sum ? sum.add_(kernel) : kernel.clone();
  }
  return (sum as Tensor).div_(widths.length);
}

const mixture = [0.25, 0.5, 1, 2, 4];

/** Bandwidths for `mmd`: multiples of the median distance of some points of x [n, d] and y [m, d] (Garreau 2017), 1 if it is 0. */
export function kernelWidths(
  x: Tensor,
  y: Tensor,
  { seed = 0 }: Pick<Subsample, "seed"> = {},
): number[] {
  const median = tidy(() => {
    const [a, b] = comparableVectors(x, y);
    const some = { most: 1000, seed };
    const points = cat([subsample(a, "x", some), subsample(b, "y", some)]);
    const distances = call("aten::pdist", "", points) as Tensor;
    return distances.median().item() || 1;
  });
  return mixture.map((factor) => factor * median);
}

import { call, cat, type Tensor, tidy } from "@dsbm/torch";
import { dataError } from "../../core/errors.js";
import { type Subsample, subsample } from "../../core/subsample.js";
import { distanceBlocks } from "../../ot/cost.js";
import { comparableVectors } from "./wasserstein.js";

/** The mean of `fn` of the distances of all pairs of rows. */
function pairMean(x: Tensor, y: Tensor, fn: (distances: Tensor) => Tensor): number {
  const sums = distanceBlocks(x, y, (distances) => fn(distances).sum().item());
  return sums.reduce((sum, part) => sum + part, 0) / (x.size(0) * y.size(0));
}

/**
 * The energy distance 2 E|X − Y| − E|X − X′| − E|Y − Y′| of samples x [n, …] and y [m, …], in units of x, over all
 * pairs (Székely 2013).
 */
export function energyDistance(x: Tensor, y: Tensor): number {
  return tidy(() => {
    const [a, b] = comparableVectors(x, y);
    const mean = (p: Tensor, q: Tensor) => pairMean(p, q, (distances) => distances);
    return Math.max(0, 2 * mean(a, b) - mean(a, a) - mean(b, b));
  });
}

/**
 * The squared MMD E k(X, X′) + E k(Y, Y′) − 2 E k(X, Y) of samples x [n, …] and y [m, …] for the mean of kernels
 * exp(−|x − y|²/(2h²)) over bandwidths h (Gretton 2012). Unbiased, so it can be negative.
 */
export function mmd(
  x: Tensor,
  y: Tensor,
  { bandwidth }: { bandwidth: number | readonly number[] },
): number {
  return tidy(() => {
    const [a, b] = comparableVectors(x, y);
    const widths = [bandwidth].flat().toSorted((h, g) => g - h);
    const mean = (p: Tensor, q: Tensor) =>
      pairMean(p, q, (distances) => meanKernel(distances, widths));
    // A row and itself are no pair; their kernel is 1.
    const withinMean = (p: Tensor) => {
      const n = p.size(0);
      return n < 2 ? mean(p, p) : (mean(p, p) * n - 1) / (n - 1);
    };
    return withinMean(a) + withinMean(b) - 2 * mean(a, b);
  });
}

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

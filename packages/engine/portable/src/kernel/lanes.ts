// Functions along one dimension, and sums over several, always in one order.

import { countOf, rowMajor } from "../shape.js";
import type { Storage } from "../storage.js";
import { TensorImpl } from "../tensor.js";
import { forRuns } from "./loop.js";

/** Visits every lane along dimension `dim` with its first position in each operand. Steps along it are the operands' strides. */
export function forLanes(
  operands: readonly TensorImpl[],
  dim: number,
  visit: (at: readonly number[]) => void,
): void {
  const flat = (list: readonly number[], value: number) =>
    list.map((x, d) => (d === dim ? value : x));
  const views = operands.map(
    (t) => new TensorImpl(t.storage, t.dtype, flat(t.shape, 1), t.strides, t.offset),
  );
  const at = new Array<number>(operands.length);
  forRuns(views[0].shape, views, (start, step, n) => {
    for (let k = 0; k < n; k++) {
      for (let i = 0; i < at.length; i++) at[i] = start[i] + k * step[i];
      visit(at);
    }
  });
}

/** The shape without `dims`, or with 1 in their place. */
export function reducedShape(
  shape: readonly number[],
  dims: readonly number[],
  keepdim: boolean,
): number[] {
  const kept = shape.map((size, d) => (dims.includes(d) ? 1 : size));
  return keepdim ? kept : kept.filter((_, d) => !dims.includes(d));
}

/** Folds over dimensions in row-major order, in float64: one number per element of the reduced shape. */
export function fold(
  t: TensorImpl,
  dims: readonly number[],
  start: number,
  step: (sum: number, x: number) => number,
): Float64Array {
  const kept = reducedShape(t.shape, dims, true);
  const sums = new Float64Array(countOf(kept)).fill(start);
  const strides = rowMajor(kept).map((s, d) => (dims.includes(d) ? 0 : s));
  const target = new TensorImpl({ array: sums } as Storage, "float64", t.shape, strides, 0);
  const x = t.array;
  forRuns(t.shape, [target, t], ([i, j], [p, q], n) => {
    if (p !== 0) {
      for (let k = 0; k < n; k++) sums[i + k * p] = step(sums[i + k * p], x[j + k * q]);
      return;
    }
    let sum = sums[i];
    for (let k = 0; k < n; k++) sum = step(sum, x[j + k * q]);
    sums[i] = sum;
  });
  return sums;
}

/** Stride and size of a dimension; a tensor without any has one of size 1. */
export const laneOf = (t: TensorImpl, dim: number): { n: number; step: number } => ({
  n: t.shape[dim] ?? 1,
  step: t.strides[dim] ?? 0,
});

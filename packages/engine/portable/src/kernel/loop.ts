// The one loop over broadcast, strided operands: dimensions that lie together are joined, the innermost one is a run.
import { stridesIn } from "../shape.js";
import type { TensorImpl } from "../tensor.js";

/** One run: positions of the operands in their arrays, their steps, and its length. */
export type RunVisitor = (at: readonly number[], step: readonly number[], n: number) => void;

interface LoopNest {
  sizes: number[];
  /** Of each operand, its strides. */
  strides: number[][];
}

/** Joins neighbouring dimensions that every operand walks through alike. */
function joinDimensions(shape: readonly number[], all: readonly number[][]): LoopNest {
  const sizes: number[] = [];
  const strides: number[][] = all.map(() => []);
  for (let d = 0; d < shape.length; d++) {
    if (shape[d] === 1) continue;
    const last = sizes.length - 1;
    if (last >= 0 && all.every((s, k) => strides[k][last] === s[d] * shape[d])) {
      sizes[last] *= shape[d];
      for (let k = 0; k < all.length; k++) strides[k][last] = all[k][d];
    } else {
      sizes.push(shape[d]);
      for (let k = 0; k < all.length; k++) strides[k].push(all[k][d]);
    }
  }
  return { sizes, strides };
}

/** Visits all elements of `shape` in row-major order, run by run. */
export function forRuns(
  shape: readonly number[],
  operands: readonly TensorImpl[],
  run: RunVisitor,
): void {
  for (const size of shape) if (size === 0) return;
  const { sizes, strides } = joinDimensions(
    shape,
    operands.map((t) => stridesIn(t.shape, t.strides, shape)),
  );
  const at = operands.map((t) => t.offset);
  const inner = sizes.length - 1;
  if (inner < 0) {
    const still = at.map(() => 0);
    run(at, still, 1);
    return;
  }
  const step = strides.map((s) => s[inner]);
  const index = new Array<number>(inner).fill(0);
  for (;;) {
    run(at, step, sizes[inner]);
    let d = inner - 1;
    for (; d >= 0; d--) {
      index[d]++;
      for (let k = 0; k < at.length; k++) at[k] += strides[k][d];
      if (index[d] < sizes[d]) break;
      for (let k = 0; k < at.length; k++) at[k] -= strides[k][d] * sizes[d];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

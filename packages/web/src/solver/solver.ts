// What a solver is: it carries a batch of rows along a field, a step at a time. Loops over numbers, no tensors.
import type { Step } from "./grid.js";

/** The field at rows x [n · size] and one process time for all: [n · size], the caller's to overwrite. */
export type Field = (x: Float32Array, time: number) => Promise<Float32Array> | Float32Array;

/** One step from x, which is left as it is. */
export type Take = (x: Float32Array, step: Step) => Promise<Float32Array>;

/** x + a·y, a new array. */
export function plus(x: Float32Array, a: number, y: Float32Array): Float32Array {
  return x.map((value, i) => value + a * (y[i] as number));
}

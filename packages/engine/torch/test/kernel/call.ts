// Calls of operations of native/ by their own names.
import * as T from "../../src/index.js";

/** The results of the operation `dsbm::name`. */
export const callKernel = (name: string, ...args: unknown[]): unknown =>
  T.unsafe.call(`dsbm::${name}`, "", ...args);
/** The result of an operation with one. */
export const resultOf = (name: string, ...args: unknown[]) => [
  callKernel(name, ...args) as T.Tensor,
];
/** The first result of an operation with several. */
export const firstOf = (name: string, ...args: unknown[]) => [
  (callKernel(name, ...args) as T.Tensor[])[0],
];
/** Normal numbers that require a gradient. */
export const leafOf = (...shape: number[]) => T.randn(shape).requiresGrad_();

import type { TensorImpl } from "../tensor.js";

/** Computes an elementwise operation by a kernel in WebAssembly. Returns false if there is none for these operands. */
export function computeVectorised(
  _name: string,
  _out: TensorImpl,
  _operands: readonly TensorImpl[],
): boolean {
  return false;
}

/** out = a b + beta out by a kernel in WebAssembly. Returns false if there is none for these operands. */
export function vectorisedProduct(
  _out: TensorImpl,
  _a: TensorImpl,
  _b: TensorImpl,
  _beta: number,
): boolean {
  return false;
}

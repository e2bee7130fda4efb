// Mixed precision: matrix products and convolutions in a shorter dtype, all else in float32.

import type { DType } from "../binding/dtype.js";
import { refusedOption, refusePromise } from "../binding/errors.js";
import { native, withTorchErrors } from "../binding/native.js";

/** Dtypes of autocast. */
export type CastDType = Extract<DType, "bfloat16" | "float16">;

let current: CastDType | null = null;

/** The dtype of active autocast, else null. */
export function autocastDType(): CastDType | null {
  return current;
}

/**
 * Runs `fn` with operands of matrix products, convolutions and attention cast to `dtype` (null: not); weights and
 * gradients stay float32. Run the backward pass outside. Synchronous only.
 * @throws {TorchError} for another dtype, and if `fn` returns a promise
 */
export function autocast<T>(dtype: CastDType | null, fn: () => T): T {
  if (dtype === current) return fn();
  if (dtype !== null && dtype !== "bfloat16" && dtype !== "float16")
    throw refusedOption(`autocast: ${String(dtype)}; expected bfloat16, float16 or null`);
  const was = current;
  const set = (to: CastDType | null) => {
    withTorchErrors(() => native.autocast(to), "autocast");
    current = to;
  };
  set(dtype);
  try {
    const result = fn();
    refusePromise(result, "autocast()");
    return result;
  } finally {
    set(was);
  }
}

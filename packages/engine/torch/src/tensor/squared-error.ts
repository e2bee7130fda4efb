import { invoke, Op } from "../binding/dispatch.js";
import { mseLoss } from "./ops.generated.js";
import type { Tensor } from "./tensor.js";

const op = new Op("dsbm::squared_error", "");

/** factor · Σ (prediction − target)² [], of tensors of one shape. */
export function squaredError(prediction: Tensor, target: Tensor, factor: number): Tensor {
  const fits = (t: Tensor) => t.device === "cpu" && t.dtype === "float32";
  if (fits(prediction) && fits(target)) return invoke(op, prediction, target, factor);
  // 2 is libtorch's number for the sum.
  return mseLoss(prediction, target, { reduction: 2 }).mul(factor);
}

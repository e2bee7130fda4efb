import { refusePromise } from "../binding/errors.js";
import { ptrsOf } from "../binding/handle.js";
import { native, withTorchErrors } from "../binding/native.js";
import { differentiate, type GradOptions, Tensor } from "./tensor.js";

/**
 * d outputs / d inputs as new tensors. `gradOutputs` weigh the outputs (default 1, for scalars). An unused input throws,
 * or is null with `allowUnused`.
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options: GradOptions & { allowUnused?: boolean } = {},
): (Tensor | null)[] {
  const of = Array.isArray(outputs) ? (outputs as readonly Tensor[]) : [outputs as Tensor];
  const gradients = differentiate("grad", of, inputs, options);
  return (gradients ?? []).map((ptr) => (ptr === null ? null : new Tensor(ptr)));
}

/** Adds the gradients of outputs, scalars or with `gradOutputs` of any shape, to `grad` of the leaves. */
export function backward(outputs: readonly Tensor[], options: GradOptions = {}): void {
  differentiate("backward", outputs, null, options);
}

/** Removes the gradients of tensors of any size. */
export function zeroGrad(tensors: readonly Tensor[]): void {
  withTorchErrors(() => {
    for (const ptr of ptrsOf(tensors, "zeroGrad")) native.setGrad(ptr, null);
  }, "zeroGrad");
}

function withMode<T>(on: boolean, fn: () => T, what: string): T {
  const was = native.gradMode(on);
  try {
    const result = fn();
    refusePromise(result, what);
    return result;
  } finally {
    native.gradMode(was);
  }
}

/** Runs `fn` without a graph. */
export function noGrad<T>(fn: () => T): T {
  return withMode(false, fn, "noGrad()");
}

/** Runs `fn` with a graph, also within `noGrad`. */
export function enableGrad<T>(fn: () => T): T {
  return withMode(true, fn, "enableGrad()");
}

/** Whether operations build a graph. */
export function gradEnabled(): boolean {
  return native.gradMode();
}

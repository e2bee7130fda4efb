// Weights that do not change for a while are laid out once for faster products.

import { noGrad } from "../tensor/grad.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Module } from "./module.js";

let standing: Map<Module, Map<string, Tensor>> | null = null;

/**
 * Runs `fn` without gradients and with constant weights: large products and 3×3 convolutions pack them once. Results
 * agree to rounding.
 */
export function withStandingWeights<T>(fn: () => T): T {
  const before = standing;
  const packed: NonNullable<typeof standing> = new Map();
  standing = packed;
  try {
    return noGrad(fn);
  } finally {
    standing = before;
    for (const tensors of packed.values()) for (const t of tensors.values()) t.dispose();
  }
}

/** Whether `withStandingWeights` runs. */
export const areStanding = (): boolean => standing !== null;

/** Caches the result of `make`, of any size, for a layer by `key`; null outside `withStandingWeights`. */
export function standingOf(layer: Module, key: string, make: () => Tensor): Tensor | null {
  if (!standing) return null;
  let tensors = standing.get(layer);
  if (!tensors) {
    tensors = new Map();
    standing.set(layer, tensors);
  }
  let tensor = tensors.get(key);
  if (!tensor) {
    tensor = make().keep();
    tensors.set(key, tensor);
  }
  return tensor;
}

// Networks in a shorter dtype; state, noise and losses stay in float32.
import type { Network } from "@dsbm/bridge";
import { autocast, type CastDType } from "@dsbm/torch";
import type { NetworkDType } from "../problem.js";

export const castOf = (dtype: NetworkDType): CastDType | null =>
  dtype === "float32" ? null : dtype;

/**
 * Runs `fn` while these networks compute in `dtype` by autocast, and return the dtype of their
 * inputs; null: unchanged.
 */
export function inDType<T>(dtype: CastDType | null, networks: Iterable<Network>, fn: () => T): T {
  if (dtype === null) return fn();
  const undo = [...new Set(networks)].map((network) => {
    const descriptor = Object.getOwnPropertyDescriptor(network, "forward");
    const forward = network.forward.bind(network);
    network.forward = (x, t, conditions) =>
      autocast(dtype, () => forward(x, t, conditions)).to(x.dtype);
    return () => {
      if (descriptor) Object.defineProperty(network, "forward", descriptor);
      else Reflect.deleteProperty(network, "forward");
    };
  });
  try {
    return fn();
  } finally {
    for (const restore of undo) restore();
  }
}

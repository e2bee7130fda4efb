// Networks in a shorter dtype: what surrounds them, state, noise and losses, stays in float32.
import type { Network } from "@dsbm/bridge";
import { autocast, type CastDType } from "@dsbm/torch";
import type { NetworkDType } from "../problem.js";

/** What autocast takes for a dtype of networks. */
export const castOf = (dtype: NetworkDType): CastDType | null =>
  dtype === "float32" ? null : dtype;

/**
 * Runs `fn`, in which these networks compute in `dtype` as autocast has it and give results of the dtype of their points;
 * null: as they are. A network is cast each time that it is evaluated, once in a recording without gradients.
 */
export function inDType<T>(dtype: CastDType | null, networks: Iterable<Network>, fn: () => T): T {
  if (dtype === null) return fn();
  const undo = [...new Set(networks)].map((network) => {
    const own = Object.getOwnPropertyDescriptor(network, "forward");
    const forward = network.forward.bind(network);
    network.forward = (x, t, given) => autocast(dtype, () => forward(x, t, given)).to(x.dtype);
    return () => {
      if (own) Object.defineProperty(network, "forward", own);
      else Reflect.deleteProperty(network, "forward");
    };
  });
  try {
    return fn();
  } finally {
    for (const restore of undo) restore();
  }
}

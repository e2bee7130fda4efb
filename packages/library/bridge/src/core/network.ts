import { autocast, type nn, type Tensor } from "@dsbm/torch";
import type { Conditions } from "./conditions.js";

/** A function of points [B, …], times [B] and conditions. */
export interface Evaluated {
  forward(x: Tensor, t: Tensor, conditions?: Conditions): Tensor;
  /** The velocity [B, …] of the probability flow, of a network that learns it besides its drift. */
  velocity?(x: Tensor, t: Tensor, conditions?: Conditions): Tensor;
  /** Networks within it that losses call by themselves (default: none). */
  readonly inner?: readonly Network[];
}

/** A module that predicts from points and times. */
export type Network = nn.Module & Evaluated;

/** The dtype in which networks compute; float32: their own. */
export type NetworkDType = "float32" | "bfloat16";

const withInner = (network: Network): Network[] => [
  network,
  ...(network.inner ?? []).flatMap(withInner),
];

/** Runs `fn` while these networks, and the networks within them, compute in `dtype` by autocast, and return the dtype of their inputs. */
export function inDType<T>(dtype: NetworkDType, networks: Iterable<Network>, fn: () => T): T {
  if (dtype === "float32") return fn();
  const undo = [...new Set([...networks].flatMap(withInner))].map((network) => {
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

// What a network is to a bridge, and how the one network of a bidirectional method gets its direction.
import { full, type nn, type Tensor } from "@dsbm/torch";
import type { Conditions } from "../core/conditions.js";
import type { Direction } from "../core/direction.js";
import type { Method } from "./method.js";

/** A function of points [B, …] and times [B], which may be conditioned. */
export interface Evaluated {
  forward(x: Tensor, t: Tensor, given?: Conditions): Tensor;
}

/** A module that is such a function. */
export type Network = nn.Module & Evaluated;

/** The network as it is evaluated for a direction. */
export function towards(
  direction: Direction,
  network: Evaluated,
  { networks }: Pick<Method, "networks">,
): Evaluated {
  if (networks !== "bidirectional") return network;
  const value = direction === "f" ? 1 : 0;
  return {
    forward(x, t, given) {
      const { device, dtype } = x;
      return network.forward(x, t, {
        ...given,
        direction: full([x.size(0)], value, { device, dtype }),
      });
    },
  };
}

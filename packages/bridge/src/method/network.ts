// How the one network of a bidirectional method gets its direction.
import { full } from "@dsbm/torch";
import type { Direction } from "../core/direction.js";
import type { Evaluated } from "../core/network.js";
import type { Method } from "./method.js";

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

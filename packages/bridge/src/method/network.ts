// How the one network of a bidirectional method gets its direction.
import { full } from "@dsbm/torch";
import type { Direction } from "../core/direction.js";
import type { Evaluated } from "../core/network.js";
import type { Method } from "./method.js";

/**
 * The network with classifier-free guidance w: u + w·(c − u) of its outputs c with the condition and u without it, which is the
 * same of the drifts, since these are linear in the outputs. 1 is the network itself, 0 the one without the condition
 * (Ho and Salimans 2021, with w = 1 + their weight).
 */
export function guided(network: Evaluated, guidance = 1): Evaluated {
  if (guidance === 1) return network;
  return {
    forward(x, t, given) {
      const without = network.forward(x, t, { ...given, absent: true });
      if (guidance === 0) return without;
      const difference = network.forward(x, t, given).sub(without);
      return without.add(difference, { alpha: guidance });
    },
  };
}

/** Evaluations of a network that one with this guidance takes. */
export const guidedEvaluations = (guidance = 1): number =>
  guidance === 1 || guidance === 0 ? 1 : 2;

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

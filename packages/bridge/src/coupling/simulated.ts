// The coupling of the newest bridge: start in the data, end where the trained process ends.
import type { Pairs, Simulate } from "../coupling.js";
import type { Endpoints } from "../dataset.js";
import type { Direction } from "../direction.js";

/** After f: (x0, X1 simulated from x0); after b: (X0 simulated from x1, x1). */
export function simulated(newest: Direction, { x0, x1 }: Endpoints, simulate: Simulate): Pairs {
  return newest === "f" ? { x0, x1: simulate("f", x0) } : { x0: simulate("b", x1), x1 };
}

// The coupling of the newest bridge: start in the data, end where the trained process ends.
import type { Pairs } from "../core/batch.js";
import { conditionsAt } from "../core/conditions.js";
import { type Direction, startOf } from "../core/direction.js";
import type { Endpoints } from "../core/endpoints.js";
import type { Simulate } from "./coupling.js";

/** After f: (x0, X1 simulated from x0); after b: (X0 simulated from x1, x1); under the conditions of the start. */
export function simulated(newest: Direction, data: Endpoints, simulate: Simulate): Pairs {
  const from = startOf(newest);
  const start = data[from];
  const given = conditionsAt(data.conditions, from)?.values;
  const end = simulate(newest, start, given);
  return newest === "f" ? { x0: start, x1: end, given } : { x0: end, x1: start, given };
}

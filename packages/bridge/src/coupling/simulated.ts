// The coupling of the newest bridge: start in the data, end where the trained process ends.
import { conditionsAt } from "../core/conditions.js";
import { type Direction, startOf } from "../core/direction.js";
import type { Endpoints } from "../core/endpoints.js";
import type { Pairs, Simulate } from "./coupling.js";

/** After f: (x0, X1 simulated from x0); after b: (X0 simulated from x1, x1); under the conditions of the start. */
export function simulated(newest: Direction, data: Endpoints, simulate: Simulate): Pairs {
  const from = startOf(newest);
  const start = data[from];
  const conditions = conditionsAt(data.conditions, from);
  const end = simulate(newest, start, conditions?.values);
  return newest === "f" ? { x0: start, x1: end, conditions } : { x0: end, x1: start, conditions };
}

// The identity coupling: each sample with itself, where alternating projections may start, too (Kholkin et al. 2024, IPMF).
import type { Pairs } from "../core/batch.js";
import { conditionsAt } from "../core/conditions.js";
import { type Direction, endOf } from "../core/direction.js";
import type { Endpoints } from "../core/endpoints.js";

/** To train b: (x0, x0); to train f: (x1, x1). Conditions are those of the data. */
export function identity(trained: Direction, data: Endpoints): Pairs {
  const end = endOf(trained);
  const x = data[end];
  return { x0: x, x1: x, given: conditionsAt(data.conditions, end)?.values };
}

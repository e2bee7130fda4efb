// The independent coupling π0 ⊗ π1: where IMF starts.
import type { Generator } from "@dsbm/torch";
import { conditionsAt, mapConditions } from "../conditions.js";
import { type Pairs, randomRows } from "../coupling.js";
import type { Endpoints } from "../dataset.js";
import type { End } from "../direction.js";

/**
 * As many pairs as the smaller table has rows, each row used at most once; shuffled tables are paired as they are. Conditions are those of the end `to`:
 * a network learns to reach it, and must find the samples that go with what it is told.
 */
export function independent(data: Endpoints, generator: Generator, to: End = "x0"): Pairs {
  const given = conditionsAt(data.conditions, to);
  if (data.shuffled) return { x0: data.x0, x1: data.x1, conditions: given };
  const n = Math.min(data.x0.size(0), data.x1.size(0));
  const rows = {
    x0: randomRows(data.x0, generator, n),
    x1: randomRows(data.x1, generator, n),
  };
  return {
    x0: data.x0.indexSelect(0, rows.x0),
    x1: data.x1.indexSelect(0, rows.x1),
    conditions: given && {
      of: given.of,
      values: mapConditions(given.values, (t) => t.indexSelect(0, rows[given.of])) ?? {},
    },
  };
}

// The independent coupling π0 ⊗ π1: where IMF starts.
import { type Generator, randperm } from "@dsbm/torch";
import type { Pairs } from "../core/batch.js";
import { conditionsAt, mapConditions } from "../core/conditions.js";
import type { End } from "../core/direction.js";
import type { Endpoints } from "../core/endpoints.js";
import { randomRows } from "./coupling.js";
import type { Matching, RowPairs } from "./matching.js";

/**
 * As many pairs as the smaller table has rows, each row used at most once; shuffled tables are paired as they are.
 * Conditions are those of the end `to`, which a network learns to reach. With a matching, pairs are
 * independent given their conditions, as many as there are rows of x0 with partners; known pairs are marked.
 */
export function independent(
  data: Endpoints,
  generator: Generator,
  { to = "x0", matching = null }: { to?: End; matching?: Matching | null } = {},
): Pairs {
  const given = conditionsAt(data.conditions, to);
  if (data.shuffled)
    return {
      x0: data.x0,
      x1: data.x1,
      given: given?.values,
      ...(data.known && { known: data.known }),
    };
  const n = Math.min(data.x0.size(0), data.x1.size(0));
  const rows: RowPairs = matching
    ? matching.partners(
        randperm(matching.rows.length, { generator, device: data.x0.device }),
        generator,
      )
    : { x0: randomRows(data.x0, generator, n), x1: randomRows(data.x1, generator, n) };
  return {
    x0: data.x0.indexSelect(0, rows.x0),
    x1: data.x1.indexSelect(0, rows.x1),
    given: given && mapConditions(given.values, (t) => t.indexSelect(0, rows[given.of])),
    ...(rows.known && { known: rows.known }),
  };
}

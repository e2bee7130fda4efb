import { type Generator, randperm } from "@dsbm/torch";
import type { Batch, Pairs } from "../core/batch.js";
import { conditionsAt, mapConditions } from "../core/conditions.js";
import type { Endpoint } from "../core/direction.js";
import { type Endpoints, gatherEndpoints } from "../core/endpoints.js";
import { randomRows } from "./coupling.js";
import type { Matching, RowPairs } from "./matching.js";

/** Tables [N, …] and row indices, int64 [n]. */
export interface TableIndex {
  readonly tables: Batch;
  readonly index: Batch;
}

const indices = new WeakMap<Batch, TableIndex>();

/** The tables and row indices of pairs from `independent`; null for other batches. */
export const tableIndex = (batch: Batch): TableIndex | null => indices.get(batch) ?? null;

/**
 * As many pairs as the smaller table has rows, without repetition; shuffled tables are paired in
 * order. Conditions belong to `to`, the endpoint that a network learns to reach. With a matching,
 * pairs are independent given their conditions. Rows are gathered at their first use, in its scope.
 */
export function independent(
  data: Endpoints,
  generator: Generator,
  { to = "x0", matching = null }: { to?: Endpoint; matching?: Matching | null } = {},
): Pairs {
  const conditions = conditionsAt(data.conditions, to);
  if (data.shuffled)
    return {
      x0: data.x0,
      x1: data.x1,
      conditions: conditions?.values,
      ...(data.known && { known: data.known }),
    };
  const n = Math.min(data.x0.size(0), data.x1.size(0));
  const rows: RowPairs = matching
    ? matching.partners(
        randperm(matching.rows.length, { generator, device: data.x0.device }),
        generator,
      )
    : { x0: randomRows(data.x0, generator, n), x1: randomRows(data.x1, generator, n) };
  const { known } = rows;
  const at = conditions && rows[conditions.of];
  const ends = gatherEndpoints(data, (end) => rows[end], { decode: (x) => x, generator });
  const pairs: Pairs = {
    get x0() {
      return ends.x0;
    },
    get x1() {
      return ends.x1;
    },
    get conditions() {
      return conditions && ends.conditions?.[conditions.of];
    },
  };
  if (known) return Object.assign(pairs, { known });
  indices.set(pairs, {
    tables: { x0: data.x0, x1: data.x1, conditions: conditions?.values },
    index: {
      x0: rows.x0,
      x1: rows.x1,
      conditions: at && mapConditions(conditions.values, () => at),
    },
  });
  return pairs;
}

// Optimal transport within batches whose pairs share something: only rows of one interval, or of one condition, are paired.
import { cat, type Tensor, tensor } from "@dsbm/torch";
import { batchFrom, mapBatch, namesOf, type Pairs, tensorsOf } from "../core/batch.js";
import { type Conditions, kindsOf } from "../core/conditions.js";
import { BridgeError } from "../core/errors.js";
import type { BatchCoupling } from "../coupling/coupling.js";
import { fingerprints } from "../coupling/matching.js";

/**
 * Pairs the rows of each group by themselves, those whose conditions that `of` chooses are the same bit by bit; the pairs of a
 * batch share these already. Rows that are alone keep their partner. Throws a BridgeError for rows without conditions.
 */
export function withinGroups(
  couple: BatchCoupling,
  of: (given: Conditions) => Conditions = (given) => given,
): BatchCoupling {
  return (batch, generator, end) => {
    const given = batch.given && of(batch.given);
    if (kindsOf(given).length === 0)
      throw new BridgeError(
        "data",
        "pairs within groups need the interval or the condition of rows",
      );
    const groups = new Map<string, number[]>();
    fingerprints(given as Conditions).forEach((text, i) => {
      const own = groups.get(text);
      if (own) own.push(i);
      else groups.set(text, [i]);
    });
    const cut = (rows: readonly number[]) => {
      const index = tensor(BigInt64Array.from(rows, BigInt), { device: batch.x0.device });
      return mapBatch(batch, (t) => t.indexSelect(0, index));
    };
    const several = [...groups.values()].filter((rows) => rows.length > 1);
    const alone = [...groups.values()].filter((rows) => rows.length === 1).flat();
    const parts = several.map((rows) => couple(cut(rows), generator, end));
    if (alone.length > 0) parts.push(cut(alone));
    const lists = parts.map(tensorsOf);
    const names = namesOf(parts[0] as Pairs);
    const joined = names.map((_, i) => cat(lists.map((list) => list[i] as Tensor)));
    return batchFrom(names, joined) as Pairs;
  };
}

/** Only rows of one interval of a chain are paired. */
export const withinIntervals = (couple: BatchCoupling): BatchCoupling =>
  withinGroups(couple, ({ interval }) => ({ interval }));

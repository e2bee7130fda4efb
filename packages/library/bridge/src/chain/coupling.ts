// Optimal transport within batches, by interval or condition.
import { joinBatches, type Pairs, pickRows } from "../core/batch.js";
import { type Conditions, kindsOf } from "../core/conditions.js";
import { dataError } from "../core/errors.js";
import type { BatchCoupling } from "../coupling/coupling.js";
import { groupsByConditions } from "../coupling/matching.js";

/**
 * Pairs the rows of each group of equal (or near, see `groupsByConditions`) conditions `of`; lone rows keep their
 * partner. Throws a BridgeError for rows without conditions.
 */
export function withinGroups(
  couple: BatchCoupling,
  of: (given: Conditions) => Conditions = (given) => given,
): BatchCoupling {
  return (batch, generator, end, draws) => {
    const given = batch.given && of(batch.given);
    if (kindsOf(given).length === 0)
      throw dataError("pairs within groups need the interval or the condition of rows");
    const groups = groupsByConditions(given as Conditions);
    const several = groups.filter((rows) => rows.length > 1);
    const alone = groups.filter((rows) => rows.length === 1).flat();
    const parts = several.map((rows) => couple(pickRows(batch, rows), generator, end, draws));
    if (alone.length > 0) parts.push(pickRows(batch, alone));
    return joinBatches(parts as [Pairs, ...Pairs[]]);
  };
}

/** Pairs only rows of one interval of a chain. */
export const withinIntervals = (couple: BatchCoupling): BatchCoupling =>
  withinGroups(couple, ({ interval }) => ({ interval }));

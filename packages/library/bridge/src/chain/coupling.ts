import { full, type Generator, type Tensor, tidy } from "@dsbm/torch";
import { joinBatches, type Pairs, pickRows } from "../core/batch.js";
import { type Conditions, kindsOf, rowsWhere } from "../core/conditions.js";
import type { Endpoint } from "../core/direction.js";
import type { Endpoints } from "../core/endpoints.js";
import { dataError } from "../core/errors.js";
import type { BatchCoupling } from "../coupling/coupling.js";
import { groupsByConditions } from "../coupling/matching.js";

/**
 * Pairs the rows of each group of equal (or near, see `groupsByConditions`) conditions `of`; lone rows keep their
 * partner. Throws a BridgeError for rows without conditions.
 */
export function withinGroups(
  couple: BatchCoupling,
  of: (conditions: Conditions) => Conditions = (conditions) => conditions,
): BatchCoupling {
  return (batch, generator, end, draws) => {
    const conditions = batch.given && of(batch.given);
    if (kindsOf(conditions).length === 0)
      throw dataError("pairs within groups need the interval or the condition of rows");
    const groups = groupsByConditions(conditions as Conditions);
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

/**
 * Draws at least `count` pairs from plans of all rows, equally many of each interval. Returns null if a set has more than `most`
 * rows, or if rows have other conditions.
 */
export function wholePairs(
  couple: BatchCoupling,
  { chain, conditions, ...data }: Endpoints,
  { of, count, most }: { of: Endpoint; count: number; most: number },
): ((generator: Generator) => Pairs) | null {
  const kinds = [conditions?.x0, conditions?.x1].flatMap(kindsOf);
  if (kinds.some((kind) => kind !== "interval")) return null;
  const intervals = chain ? chain.times.slice(1).map((_, k) => k) : [null];
  const rowsOf = (end: Endpoint, k: number | null): Tensor =>
    k === null ? data[end] : rowsWhere(data[end], conditions?.[end]?.interval as Tensor, k);
  const rows = (["x0", "x1"] as const).flatMap((end) =>
    tidy(() => intervals.map((k) => rowsOf(end, k).size(0))),
  );
  if (Math.max(...rows) > most) return null;
  return (generator) => {
    const drawn = intervals.map((k) => {
      const rows = { x0: rowsOf("x0", k), x1: rowsOf("x1", k) };
      const { device } = rows.x0;
      const interval = () => full([rows[of].size(0)], k as number, { dtype: "int64", device });
      const draws = Math.ceil(count / intervals.length / rows.x0.size(0));
      return couple(
        { ...rows, given: k === null ? undefined : { interval: interval() } },
        generator,
        of,
        draws,
      );
    });
    return joinBatches(drawn as [Pairs, ...Pairs[]]);
  };
}

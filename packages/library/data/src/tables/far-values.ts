// Values far from all others that several rows share, such as -999: as a rule, marks of missing values.
import { setting } from "../errors.js";
import type { TableFacts } from "./facts.js";
import { undoValue } from "./units/value-transform.js";

/** Facts in which far values show. */
export type EndFacts = Pick<TableFacts, "range" | "edges" | "rows">;

/** One far row is an outlier; a mark stands in several rows, but not in most. */
const leastRows = 3;
const mostShare = 0.5;

/** A value at an end of a range, the rows that have it, and the range of all other rows, in stored units. */
interface FarValue {
  value: number;
  rows: number;
  others: readonly [low: number, high: number];
}

/** The value at an end of column k's range that is farther from all other rows than these are from each other; null: none is. */
export function farValue(
  { range, edges, rows }: EndFacts,
  k: number,
  side: "low" | "high",
): FarValue | null {
  const count = Math.round(edges[side][k] * rows);
  const inner = side === "low" ? edges.inner?.min[k] : edges.inner?.max[k];
  if (inner == null || count < leastRows || count > mostShare * rows) return null;
  const isLow = side === "low";
  const value = isLow ? range.min[k] : range.max[k];
  // Counts and amounts are often 0.
  if (value === 0) return null;
  const others = [isLow ? inner : range.min[k], isLow ? range.max[k] : inner] as const;
  return Math.abs(value - inner) > others[1] - others[0] ? { value, rows: count, others } : null;
}

/** What to say of far values of column k in the dataset `place`; []: there are none. */
export function farValueNotes(facts: TableFacts, k: number, place: string): string[] {
  const own = undoValue(facts);
  const round = (x: number) => Number(own(x).toPrecision(4));
  return (["low", "high"] as const).flatMap((side) => {
    const far = farValue(facts, k, side);
    if (!far) return [];
    const [low, high] = far.others.map(round);
    // All digits: a rounded number would mark nothing.
    const value = `${Number(own(far.value).toPrecision(15))}`;
    return [
      `${far.rows} of ${facts.rows} rows of ${place} have ${value}, far from all other values (${low} to ${high}): if it marks missing values, write ${setting("data.na", [value])}`,
    ];
  });
}

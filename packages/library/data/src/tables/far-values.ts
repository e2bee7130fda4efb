// Values far from all others that several rows share, such as -999: as a rule, marks of missing values.
import { setting } from "../errors.js";
import type { TableFacts } from "./facts.js";

/** Facts in which far values show. */
export type EndFacts = Pick<TableFacts, "range" | "edges" | "rows"> &
  Partial<Pick<TableFacts, "dropped">> & {
    /** The largest share of marks; default: a half. */
    mostMarked?: number;
  };

/** The rows of column k at an end of its range; dropped rows have no share. */
export const rowsAtEnd = (
  { edges, rows, dropped = 0 }: EndFacts,
  k: number,
  side: RangeEnd,
): number => Math.round(edges[side][k] * (rows - dropped));

type RangeEnd = "low" | "high";

/** One far row is an outlier; a mark stands in several rows, but not in most. */
const leastRows = 3;
const mostShare = 0.5;

/** A value at an end of a range, the rows that have it, and the range of all other rows, in stored units. */
interface FarValue {
  value: number;
  rows: number;
  others: readonly [low: number, high: number];
}

/** The value of one dataset at an end of column k's range that is farther from all other rows than these are from each other; null: none is. */
function farValue(facts: EndFacts, k: number, side: RangeEnd): FarValue | null {
  const { range, edges } = facts;
  const count = rowsAtEnd(facts, k, side);
  const inner = side === "low" ? edges.inner?.min[k] : edges.inner?.max[k];
  if (inner == null || count < leastRows || edges[side][k] > (facts.mostMarked ?? mostShare))
    return null;
  const isLow = side === "low";
  const value = isLow ? range.min[k] : range.max[k];
  // Counts and amounts are often 0.
  if (value === 0) return null;
  const others = [isLow ? inner : range.min[k], isLow ? range.max[k] : inner] as const;
  return Math.abs(value - inner) > others[1] - others[0] ? { value, rows: count, others } : null;
}

/** Of each dataset, its far value at an end of column k's range that is no ordinary value of another; null: none is. */
export function farValues(
  datasets: readonly EndFacts[],
  k: number,
  side: RangeEnd,
): (FarValue | null)[] {
  const isOrdinary = (facts: EndFacts, value: number) =>
    value >= (farValue(facts, k, "low")?.others[0] ?? facts.range.min[k]) &&
    value <= (farValue(facts, k, "high")?.others[1] ?? facts.range.max[k]);
  return datasets.map((facts) => {
    const far = farValue(facts, k, side);
    return far && !datasets.some((one) => one !== facts && isOrdinary(one, far.value)) ? far : null;
  });
}

/** How a note names the values of a dataset. */
interface FarValueTerms {
  /** The file or its group. */
  place: string;
  /** "rows". */
  what: string;
  /** A value as in the file. */
  own(value: number): number;
}

/** What to say of far values of column k; []: there are none. */
export function farValueNotes<Facts extends EndFacts>(
  datasets: readonly Facts[],
  k: number,
  termsOf: (facts: Facts) => FarValueTerms,
): string[] {
  const low = farValues(datasets, k, "low");
  const high = farValues(datasets, k, "high");
  return datasets.flatMap((facts, i) =>
    [low[i], high[i]].flatMap((far) => (far ? [farValueNote(facts, far, termsOf(facts))] : [])),
  );
}

function farValueNote(
  { rows: all, dropped = 0 }: EndFacts,
  { value, rows, others }: FarValue,
  { place, what, own }: FarValueTerms,
): string {
  const [low, high] = others.map((x) => Number(own(x).toPrecision(4)));
  // All digits: a rounded number would mark nothing.
  const mark = `${Number(own(value).toPrecision(15))}`;
  return `${rows} of ${all - dropped} ${what} of ${place} have ${mark}, far from all other values (${low} to ${high}): if it marks missing values, write ${setting("data.na", [mark])}`;
}

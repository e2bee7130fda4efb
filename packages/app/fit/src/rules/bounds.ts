// The kind and the range of generated values: whole numbers, and columns that end at a bound.
import { farValues, levelPlaces, rowsAtEnd, type TableFacts, undoValue } from "@dsbm/data";
import { type Rule, rule } from "./rule.js";

/** More columns are mostly counts of a sparse matrix, whose means rounding would move. */
const mostBoundedColumns = 100;

/** Rows at an end of a range that make it a bound; a normal column has one or two there. */
const leastEdgeRows = 5;
const leastEdgeShare = 0.02;

/** The share of a column's spread in which rows are at an end of its range. */
const edgeShare = 1 / 20;

/** The distance of a dataset's end from the end of all datasets, as a share of this width: two datasets end at one bound. */
const mostEndDistance = 0.5;

/** Bounds that people mean by values just inside. */
const usualBounds: readonly number[] = [0, 1, 100];

/** Facts of columns or of channels. */
export type BoundFacts = Pick<
  TableFacts,
  "columns" | "range" | "spread" | "edges" | "whole" | "rows" | "log1p"
> &
  Partial<Pick<TableFacts, "categories" | "dropped"> & { sqrt: boolean }>;

/** Chooses whole numbers and ranges of generated values from all datasets; [] for other data than tables. */
export const boundRules = (datasets: readonly BoundFacts[]): Rule[] =>
  datasets.length === 0
    ? []
    : [chooseWhole(datasets), chooseRange(datasets)].filter((one) => one !== null);

/** Chooses the columns whose generated values are rounded: all values of all datasets are whole numbers. Null: none. */
export function chooseWhole(datasets: readonly BoundFacts[]): Rule | null {
  const [{ columns, categories = [] }] = datasets;
  if (columns.length > mostBoundedColumns) return null;
  const levels = levelPlaces(columns, categories);
  const names = columns.filter((_, k) => {
    if (levels.has(k)) return false;
    const low = Math.min(...datasets.map(({ range }) => range.min[k]));
    const high = Math.max(...datasets.map(({ range }) => range.max[k]));
    return high > low && datasets.every(({ whole }) => whole[k]);
  });
  if (names.length === 0) return null;
  return rule("data.integer", names, "all values are whole numbers there");
}

/**
 * Chooses bounds of generated values for columns with many rows at an end of their range, such as
 * amounts from 0 and shares from 0 to 1. Null: none.
 */
export function chooseRange(datasets: readonly BoundFacts[]): Rule | null {
  const [{ columns, categories = [] }] = datasets;
  if (columns.length > mostBoundedColumns) return null;
  const levels = levelPlaces(columns, categories);
  const ranges = columns.flatMap((name, k) => {
    if (levels.has(k)) return [];
    const low = boundOf(datasets, k, "low");
    const high = boundOf(datasets, k, "high");
    return low === null && high === null ? [] : [`${name}:${low ?? ""}..${high ?? ""}`];
  });
  if (ranges.length === 0) return null;
  return rule("data.range", ranges, "many rows are at these ends of the range");
}

/** The share of a column's spread by which a bound may differ from its data: samples have fewer digits. */
const roundedShare = 1e-7;

/** The shortest number within a tolerance. */
function shortestNumber(value: number, tolerance: number): number {
  for (let digits = 1; digits < 17; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.abs(short - value) <= tolerance) return short;
  }
  return value;
}

/** The bound of column k at one end, in the user's units; null if rows only thin out there. */
function boundOf(datasets: readonly BoundFacts[], k: number, side: "low" | "high"): number | null {
  const sign = side === "low" ? 1 : -1;
  const ends = datasets.map(({ range }) => (side === "low" ? range.min[k] : range.max[k]));
  const end = side === "low" ? Math.min(...ends) : Math.max(...ends);
  const constant = datasets.every(({ range }) => range.min[k] === range.max[k]);
  const width = edgeShare * Math.max(...datasets.map(({ spread }) => spread[k]));
  const isBound = datasets.some(
    (facts, i) =>
      sign * (ends[i] - end) <= mostEndDistance * width &&
      facts.edges[side][k] >= leastEdgeShare &&
      rowsAtEnd(facts, k, side) >= leastEdgeRows,
  );
  if (constant || !isBound || farValues(datasets, k, side).some((far) => far)) return null;
  const own = undoValue(datasets[0]);
  const bound = own(end);
  const reach = own(end + width) - bound;
  const usual = usualBounds.find(
    (one) => sign * (bound - one) >= 0 && sign * (bound - one) <= reach,
  );
  return usual ?? shortestNumber(bound, (roundedShare * reach) / edgeShare);
}

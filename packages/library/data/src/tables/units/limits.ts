// Ranges of columns, and the limits of generated values.
import { didYouMean, firstOf, invalidOption } from "../../errors.js";
import type { TableFacts } from "../facts.js";
import { type TransformFlags, undoValue } from "./value-transform.js";

/** The range of a column, in the user's units. */
export interface Bounds {
  /** The smallest value. */
  min: number;
  /** The largest value. */
  max: number;
}

/** The ranges of all columns on both sides, in the user's units. */
export interface ColumnBounds {
  /** Smallest and largest value of each column. */
  source: readonly Bounds[];
  /** null if time 1 is a Gaussian. */
  target: readonly Bounds[] | null;
  /** The same of all datasets, those between source and target too. */
  all: readonly Bounds[];
  /** Whether all values of a column are whole numbers. */
  whole: readonly boolean[];
}

/** Limits of generated values, of each column; −∞ and ∞ without one. */
export interface Limits {
  /** Smallest allowed value of each column. */
  min: readonly number[];
  /** Largest allowed value of each column. */
  max: readonly number[];
  /** Whether values of a column are rounded. */
  whole: readonly boolean[];
}

/** What ranges in the user's units need. */
export type RangeFacts = Pick<TableFacts, "range" | "whole"> & TransformFlags;

/** The ranges of the columns, in the user's units. */
export function boundsOf(datasets: readonly RangeFacts[]): ColumnBounds {
  const ranges = datasets.map(({ range, ...flags }) => {
    const inOwnUnits = undoValue(flags);
    return range.min.map((min, k) => ({
      min: inOwnUnits(min),
      max: inOwnUnits(range.max[k]),
    }));
  });
  const [source = [], ...others] = ranges;
  return {
    source,
    target: others.at(-1) ?? null,
    all: source.map((_, k) => hullOf(ranges.map((columns) => columns[k]))),
    whole: source.map((_, k) => datasets.every(({ whole }) => whole[k])),
  };
}

/** The smallest range that holds all of `ranges`. */
export const hullOf = (ranges: readonly Bounds[]): Bounds => ({
  min: Math.min(...ranges.map(({ min }) => min)),
  max: Math.max(...ranges.map(({ max }) => max)),
});

/** The items of data.range that keep the ranges of a run, and hold `open` columns to the range of the data. */
export const rangeItems = (
  names: readonly string[],
  limits: Limits | null,
  open: readonly string[],
): string[] => [
  ...names.flatMap((name, k) => {
    const [low, high] = [limits?.min[k], limits?.max[k]].map((limit) =>
      Number.isFinite(limit) ? limit : "",
    );
    return open.includes(name) || `${low}${high}` === "" ? [] : [`${name}:${low}..${high}`];
  }),
  ...open,
];

/**
 * The limits of `data.range` and `data.integer`; true limits all columns to the range of all datasets, or to whole
 * numbers if the data are whole. Returns null without limits.
 * @throws {DatasetError} `InvalidOption` for other columns and ranges.
 */
export function limitsOf(
  names: readonly string[],
  { all, whole }: Pick<ColumnBounds, "all" | "whole">,
  { range, integer }: Record<"range" | "integer", true | readonly string[] | null>,
): Limits | null {
  if (range === null && integer === null) return null;
  const limits = {
    min: names.map(() => Number.NEGATIVE_INFINITY),
    max: names.map(() => Number.POSITIVE_INFINITY),
    whole: names.map((_, k) => integer === true && whole[k] === true),
  };
  const placeOf = (key: string, name: string): number => {
    const k = names.indexOf(name);
    if (k >= 0) return k;
    throw invalidOption(
      `data.${key}=${name}: no such column is trained on${didYouMean(name, names) || `; there are ${firstOf(names, 12)}`}`,
    );
  };
  for (const name of integer === true ? [] : (integer ?? []))
    limits.whole[placeOf("integer", name)] = true;
  for (const item of range === true ? names : (range ?? [])) {
    const [, name = "", low, high] = /^(.*):(.*?)\.\.(.*)$/s.exec(item) ?? [];
    const isWritten = low !== undefined && range !== true && !names.includes(item);
    const k = placeOf("range", isWritten ? name : item);
    limits.min[k] = isWritten ? boundOf(low, -1, item) : all[k].min;
    limits.max[k] = isWritten ? boundOf(high ?? "", 1, item) : all[k].max;
    if (limits.min[k] > limits.max[k]) throw noRange(item);
  }
  return limits;
}

function boundOf(text: string, sign: 1 | -1, item: string): number {
  const value = text.trim() === "" ? sign * Number.POSITIVE_INFINITY : Number(text);
  if (!Number.isNaN(value)) return value;
  throw noRange(item);
}

const noRange = (item: string) =>
  invalidOption(
    `data.range=${item}: expected COLUMN, or COLUMN:LOW..HIGH with numbers such as rain:0.. or share:0..1`,
  );

// Columns whose values follow from another column: they count twice in every distance.
import { setting } from "../errors.js";
import type { TableFacts } from "./facts.js";

/** The range of whole numbers whose columns may agree by chance. */
const fewValues = 10;
/** More columns are compared for equal values only. */
const mostScaledColumns = 200;
/** Differences of extreme values, in deviations, that rounding in the file leaves. */
const rounding = 4e-3;

/** An earlier column from which a column follows. */
export interface TwinColumn {
  name: string;
  /** Whether the values are the same; else a multiple of them plus a constant. */
  isEqual: boolean;
}

/** The first column from which each column follows, by moments, range and quartiles in all datasets; null: none. */
export function firstTwins(datasets: readonly TableFacts[]): (TwinColumn | null)[] {
  const known: { name: string; shape: number[] | null }[] = [];
  const byNumbers = new Map<string, string>();
  const columns = datasets[0]?.columns ?? [];
  return columns.map((name, k) => {
    const numbers = datasets.flatMap((facts) => numbersOf(facts, k));
    if (datasets.every((facts) => facts.moments.variance[k] === 0 || isCoarse(facts, k)))
      return null;
    const equal = byNumbers.get(numbers.join());
    if (equal !== undefined) return { name: equal, isEqual: true };
    byNumbers.set(numbers.join(), name);
    if (columns.length > mostScaledColumns) return null;
    const shape = shapeOf(numbers);
    const twin = known.find((other) => other.shape && shape && isScaled(other.shape, shape));
    known.push({ name, shape });
    return twin ? { name: twin.name, isEqual: false } : null;
  });
}

const isCoarse = ({ whole, range }: TableFacts, k: number): boolean =>
  whole[k] && range.max[k] - range.min[k] < fewValues;

/** Mean, deviation, smallest and largest value, and interquartile range of column k. */
const numbersOf = ({ moments, range, spread }: TableFacts, k: number): number[] => [
  moments.mean[k],
  Math.sqrt(moments.variance[k]),
  range.min[k],
  range.max[k],
  spread[k],
];
const numbersOfDataset = 5;

/**
 * Numbers of all datasets in deviations of the first one from its mean; null for a constant column. Quartiles are 0, as a
 * column times −1 has them at other rows.
 */
function shapeOf(numbers: readonly number[]): number[] | null {
  const [mean, deviation] = numbers as [number, number];
  if (deviation === 0) return null;
  return numbers.map((x, i) => {
    const k = i % numbersOfDataset;
    if (k === 4) return 0;
    return (k === 1 ? x : x - mean) / deviation;
  });
}

/** The shape of a column times −1. */
const mirroredShape = (shape: readonly number[]): number[] =>
  shape.map((x, i) => {
    const k = i % numbersOfDataset;
    if (k === 2) return -shape[i + 1];
    if (k === 3) return -shape[i - 1];
    return k === 0 ? -x : x;
  });

const isScaled = (a: readonly number[], b: readonly number[]): boolean =>
  [b, mirroredShape(b)].some((other) => a.every((x, i) => Math.abs(x - other[i]) <= rounding));

/** What to say of a column that follows from another one. */
export function twinNotes(name: string, twin: TwinColumn | null | undefined): string[] {
  if (!twin) return [];
  const what = twin.isEqual
    ? `has the values of ${twin.name}, which count twice`
    : `is ${twin.name} in another unit (times a number, plus a number), which counts twice`;
  return [`${what} in every distance: ${setting("data.exclude", [name])} leaves it out`];
}

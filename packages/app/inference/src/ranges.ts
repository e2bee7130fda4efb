import {
  type Bounds,
  type ColumnBounds,
  firstOf,
  type Limits,
  rangeItems,
  setting,
} from "@dsbm/data";
import { shortNumber } from "@dsbm/files";

interface RangeColumns {
  names: readonly string[];
  bounds: ColumnBounds;
}

const farShare = 0.5;
/** Rows of a column below which its numbers may be whole by chance. */
const fewRows = 10;
const mostNamed = 5;

const excessOver = (x: number, { min, max }: Bounds): number => Math.max(min - x, x - max);

/** The ranges of the data at a process time; null: of all times. */
const rangesAt = ({ source, target, all }: ColumnBounds, time: number | null): readonly Bounds[] =>
  time === 0 ? source : time === 1 ? (target ?? source) : all;

/** Counts odd values by column, of rows of a process time. */
function counterOf(
  { names, bounds }: RangeColumns,
  time: number | null,
  isOdd: (x: number, range: Bounds, k: number) => boolean,
) {
  const ranges = rangesAt(bounds, time);
  const columns = names.map((name, k) => ({ name, k, range: ranges[k] as Bounds, count: 0 }));
  const odd = () => columns.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
  return {
    add(numbers: readonly Float64Array[]): void {
      for (const column of columns)
        for (const x of numbers[column.k] ?? [])
          if (isOdd(x, column.range, column.k)) column.count++;
    },
    count: () => columns.reduce((sum, { count }) => sum + count, 0),
    names: (least = 0) => odd().flatMap(({ name, count }) => (count >= least ? [name] : [])),
    text: () =>
      firstOf(
        odd().map(
          ({ name, count, range: { min, max } }) =>
            `${name} ${count} (data ${shortNumber(min)} to ${shortNumber(max)})`,
        ),
        mostNamed,
      ),
  };
}

/** Finds out whether rows have whole numbers where the training data have fractions, or the reverse: another matrix or unit. */
function otherNumbers({ names, bounds }: RangeColumns, path: string) {
  const isWhole = names.map(() => true);
  const isUsed = names.map(() => false);
  let rows = 0;
  const lineOf = (whole: boolean, numbers: string, trained: string) => {
    const used = names.flatMap((_, k) => (isUsed[k] ? [k] : []));
    const changed = used.filter((k) => isWhole[k] === whole && bounds.whole[k] !== whole);
    return rows < fewRows || 2 * changed.length <= used.length
      ? []
      : [
          `warning: ${path} has ${numbers} in ${changed.length} of ${names.length} columns, where the training data has ${trained} (${firstOf(
            changed.map((k) => names[k] as string),
            mostNamed,
          )}): expected the same matrix and units (layer= chooses a matrix of a .h5ad file)`,
        ];
  };
  return {
    add(numbers: readonly Float64Array[]): void {
      rows += numbers[0]?.length ?? 0;
      for (const k of names.keys())
        for (const x of numbers[k] ?? []) {
          isUsed[k] ||= x !== 0;
          isWhole[k] &&= Number.isInteger(x) || Number.isNaN(x);
        }
    },
    lines: () => [
      ...lineOf(true, "whole numbers", "fractions"),
      ...lineOf(false, "fractions", "whole numbers"),
    ],
  };
}

/** Counts values of rows of a process time (null: of all) beyond the data's range by more than half of its width, and columns with numbers of another kind. */
export function farRows(
  columns: RangeColumns & { transform: { log1p?: boolean } },
  time: number | null,
  path: string,
) {
  // Logarithms of whole numbers are fractions.
  const others = columns.transform.log1p ? null : otherNumbers(columns, path);
  const { add, count, text } = counterOf(
    columns,
    time,
    (x, range) => excessOver(x, range) > farShare * (range.max - range.min),
  );
  return {
    add(numbers: readonly Float64Array[]): void {
      add(numbers);
      others?.add(numbers);
    },
    lines: () => [
      ...(others?.lines() ?? []),
      ...(count() === 0
        ? []
        : [
            `warning: values of ${path} are far outside of the training data, where the bridge was never trained: ${text()}`,
          ]),
    ],
  };
}

/**
 * Counts generated values outside the range of the data at a process time (null: at all times), or fractional in a
 * column of whole numbers.
 */
export function strayValues(
  columns: RangeColumns & { limits: Limits | null },
  time: number | null,
) {
  const { names, bounds, limits } = columns;
  // Output is written as float32.
  const isOutside = (x: number, range: Bounds) =>
    excessOver(x, range) >
    1e-6 * Math.max(range.max - range.min, Math.abs(range.min), Math.abs(range.max));
  const isBroken = (x: number, _: Bounds, k: number) =>
    bounds.whole[k] === true && Math.abs(x - Math.round(x)) > 1e-6 * Math.max(1, Math.abs(x));
  const kinds = [
    {
      counter: counterOf(columns, time, isOutside),
      what: "outside the range of the data",
      key: "data.range",
      items: (open: readonly string[]) => rangeItems(names, limits, open),
    },
    {
      counter: counterOf(columns, time, isBroken),
      what: "that are not whole numbers",
      key: "data.integer",
      items: (open: readonly string[]) =>
        names.filter((name, k) => limits?.whole[k] || open.includes(name)),
    },
  ];
  let rows = 0;
  return {
    /** The share of all values. */
    share: () =>
      kinds.reduce((sum, { counter }) => sum + counter.count(), 0) / (rows * names.length),
    /** Columns with at least this share of their values outside the range of the data. */
    openColumns: (share: number) => kinds[0].counter.names(Math.max(1, share * rows)),
    add(numbers: readonly Float64Array[]): void {
      rows += numbers[0]?.length ?? 0;
      for (const { counter } of kinds) counter.add(numbers);
    },
    lines: () =>
      kinds
        .filter(({ counter }) => counter.count() > 0)
        .map(({ counter, what, key, items }) => {
          const open = counter.names();
          const values = open.length > mostNamed ? [true] : items(open);
          return `of ${rows} generated rows, some have values ${what}: ${counter.text()}; train with ${setting(key, values)} to prevent this`;
        }),
  };
}

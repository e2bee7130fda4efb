import type { Direction } from "@dsbm/bridge";
import { type ColumnBounds, firstOf, setting } from "@dsbm/data";

interface Columns {
  names: readonly string[];
  bounds: ColumnBounds;
}

type Numbers = readonly Float64Array[];

const far = 0.5;
const mostNamed = 5;

const short = (x: number) => Number(x.toPrecision(4));

/** Counts odd values by column. `described` follows the count of a column in texts. */
function counterOf(
  names: readonly string[],
  isOdd: (x: number, k: number) => boolean,
  described: (k: number) => string = () => "",
) {
  const columns = names.map((name, k) => ({ name, k, count: 0 }));
  const odd = () => columns.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
  return {
    add(numbers: Numbers): void {
      for (const column of columns)
        for (const x of numbers[column.k] ?? []) if (isOdd(x, column.k)) column.count++;
    },
    count: () => columns.reduce((sum, { count }) => sum + count, 0),
    names: () => odd().map(({ name }) => name),
    text: () =>
      firstOf(
        odd().map(({ name, k, count }) => `${name} ${count}${described(k)}`),
        mostNamed,
      ),
  };
}

/** Counts values beyond the range of a dataset by more than a margin. */
function outside(
  { names, bounds }: Columns,
  end: "source" | "target",
  marginOf: (range: { min: number; max: number }) => number,
) {
  const rangeOf = (k: number) => (bounds[end] ?? bounds.source)[k] as { min: number; max: number };
  const margins = names.map((_, k) => marginOf(rangeOf(k)));
  return counterOf(
    names,
    (x, k) => {
      const { min, max } = rangeOf(k);
      return Math.max(min - x, x - max) > margins[k];
    },
    (k) => ` (data ${short(rangeOf(k).min)} to ${short(rangeOf(k).max)})`,
  );
}

/** Counts values beyond the data's range by more than half of its width. */
export function farRows(columns: Columns, direction: Direction, path: string) {
  const end = direction === "f" ? "source" : "target";
  const values = outside(columns, end, ({ min, max }) => far * (max - min));
  return {
    add: values.add,
    lines: () =>
      values.count() === 0
        ? []
        : [
            `warning: values of ${path} are far outside of the training data, where the bridge was never trained: ${values.text()}`,
          ],
  };
}

/**
 * Counts generated values outside their data's range, or fractional in a column of whole numbers.
 */
export function strayValues(columns: Columns, direction: Direction) {
  const { names, bounds } = columns;
  // Output is written as float32.
  const beyond = outside(
    columns,
    direction === "f" ? "target" : "source",
    ({ min, max }) => 1e-6 * Math.max(max - min, Math.abs(min), Math.abs(max)),
  );
  const broken = counterOf(
    names,
    (x, k) =>
      bounds.whole[k] === true && Math.abs(x - Math.round(x)) > 1e-6 * Math.max(1, Math.abs(x)),
  );
  const kinds = [
    { found: beyond, what: "outside the range of the data", key: "data.range" },
    { found: broken, what: "that are not whole, unlike the data", key: "data.integer" },
  ];
  let rows = 0;
  return {
    /** The share of all values. */
    share: () => (beyond.count() + broken.count()) / (rows * names.length),
    add(numbers: Numbers): void {
      rows += numbers[0]?.length ?? 0;
      for (const { found } of kinds) found.add(numbers);
    },
    lines: () =>
      kinds
        .filter(({ found }) => found.count() > 0)
        .map(
          ({ found, what, key }) =>
            `of ${rows} generated rows, some have values ${what}: ${found.text()}; a run trained with ${setting(key, found.names().slice(0, mostNamed))} holds them`,
        ),
  };
}

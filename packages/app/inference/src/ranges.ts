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

interface Found {
  name: string;
  count: number;
  text: string;
}

/** Counts values of each column beyond its range by more than a margin, with the worst of each. */
function outside(
  { names, bounds }: Columns,
  end: "source" | "target",
  marginOf: (range: { min: number; max: number }) => number,
) {
  const found = names.map((name, k) => ({
    name,
    range: (bounds[end] ?? bounds.source)[k] as { min: number; max: number },
    count: 0,
    worst: 0,
    by: 0,
  }));
  return {
    add(numbers: Numbers): void {
      for (const [k, one] of found.entries()) {
        const { min, max } = one.range;
        const margin = marginOf(one.range);
        for (const x of numbers[k] ?? []) {
          const by = Math.max(min - x, x - max);
          if (by > margin) one.count += 1;
          if (by > Math.max(margin, one.by)) Object.assign(one, { worst: x, by });
        }
      }
    },
    found: (): Found[] =>
      worstFirst(
        found.map(({ name, count, worst, range: { min, max } }) => ({
          name,
          count,
          text: `${name} ${count} (such as ${short(worst)}; data ${short(min)} to ${short(max)})`,
        })),
      ),
  };
}

/** Counts values beyond the data's range by more than half of its width. */
export function farRows(columns: Columns, direction: Direction, path: string) {
  const end = direction === "f" ? "source" : "target";
  const values = outside(columns, end, ({ min, max }) => far * (max - min));
  return {
    add: values.add,
    lines(): string[] {
      const found = values.found();
      if (found.length === 0) return [];
      return [
        `warning: values of ${path} are far outside of the training data, where the bridge was never trained: ${textOf(found)}`,
      ];
    },
  };
}

/**
 * Counts generated values outside their data's range, or fractional in a column of whole numbers.
 */
export function strayValues(columns: Columns, direction: Direction) {
  const { names, bounds } = columns;
  // Output is written as float32.
  const values = outside(
    columns,
    direction === "f" ? "target" : "source",
    ({ min, max }) => 1e-6 * Math.max(max - min, Math.abs(min), Math.abs(max)),
  );
  const broken = names.map(() => 0);
  const fractions = (): Found[] =>
    worstFirst(
      names.map((name, k) => ({ name, count: broken[k] as number, text: `${name} ${broken[k]}` })),
    );
  let all = 0;
  return {
    /** The share of all values. */
    share: () =>
      [...values.found(), ...fractions()].reduce((sum, { count }) => sum + count, 0) /
      (all * names.length),
    add(numbers: Numbers): void {
      all += numbers[0]?.length ?? 0;
      values.add(numbers);
      for (const [k, column] of numbers.entries())
        if (bounds.whole[k])
          broken[k] = column.reduce(
            (sum, x) => sum + Number(Math.abs(x - Math.round(x)) > 1e-6 * Math.max(1, Math.abs(x))),
            broken[k] as number,
          );
    },
    lines: () =>
      [
        ...lineOf("outside the range of the data", "data.range", values.found()),
        ...lineOf("that are not whole, unlike the data", "data.integer", fractions()),
      ].map((line) => `of ${all} generated rows, some have values ${line}`),
  };
}

const worstFirst = (found: readonly Found[]): Found[] =>
  found.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);

const textOf = (found: readonly Found[]): string =>
  firstOf(
    found.map(({ text }) => text),
    mostNamed,
  );

function lineOf(what: string, key: string, found: readonly Found[]): string[] {
  if (found.length === 0) return [];
  const names = found.slice(0, mostNamed).map(({ name }) => name);
  return [`${what}: ${textOf(found)}; a run trained with ${setting(key, names)} holds them`];
}

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

function boundsAt({ bounds }: Columns, end: "source" | "target") {
  return bounds[end] ?? bounds.source;
}

/** Counts rows beyond the data's range by more than half of its width. */
export function farRows(columns: Columns, direction: Direction, path: string) {
  const bounds = boundsAt(columns, direction === "f" ? "source" : "target");
  let rows = 0;
  let all = 0;
  let example = "";
  return {
    add(numbers: Numbers): void {
      const count = numbers[0]?.length ?? 0;
      const isFar = new Uint8Array(count);
      for (const [k, { min, max }] of bounds.entries()) {
        const room = far * (max - min);
        const column = numbers[k] as Float64Array;
        for (let i = 0; i < count; i++) {
          const x = column[i] as number;
          if (x >= min - room && x <= max + room) continue;
          example ||= `row ${all + i + 1} has ${columns.names[k]} ${short(x)}, the data ${short(min)} to ${short(max)}`;
          isFar[i] = 1;
        }
      }
      rows += isFar.reduce((sum, one) => sum + one, 0);
      all += count;
    },
    lines: () =>
      rows === 0
        ? []
        : [
            `warning: ${rows} of ${all} rows of ${path} are far outside of the training data, where the bridge was never trained (${example})`,
          ],
  };
}

/**
 * Counts generated values outside their data's range, or fractional in a column of whole numbers.
 */
export function strayValues(columns: Columns, direction: Direction) {
  const { names, bounds } = columns;
  const own = boundsAt(columns, direction === "f" ? "target" : "source");
  const outside = names.map(() => ({ count: 0, worst: 0, by: 0 }));
  const broken = names.map(() => 0);
  let all = 0;
  return {
    /** The share of all values. */
    share: () =>
      (broken.reduce((sum, n) => sum + n, 0) + outside.reduce((sum, { count }) => sum + count, 0)) /
      (all * names.length),
    add(numbers: Numbers): void {
      all += numbers[0]?.length ?? 0;
      for (const [k, column] of numbers.entries()) {
        const { min, max } = own[k] as { min: number; max: number };
        // Output is written as float32.
        const room = 1e-6 * Math.max(max - min, Math.abs(min), Math.abs(max));
        const found = outside[k] as (typeof outside)[number];
        for (const x of column) {
          const by = Math.max(min - x, x - max);
          if (by > room) found.count += 1;
          if (by > Math.max(room, found.by)) Object.assign(found, { worst: x, by });
          if (bounds.whole[k] && Math.abs(x - Math.round(x)) > 1e-6 * Math.max(1, Math.abs(x)))
            broken[k] = (broken[k] as number) + 1;
        }
      }
    },
    lines: () => [
      ...lineOf(
        `of ${all} generated rows, some have values outside the range of the data`,
        "data.range",
        names.flatMap((name, k) => {
          const { count, worst } = outside[k] as (typeof outside)[number];
          const { min, max } = own[k] as { min: number; max: number };
          const text = `${name} ${count} (such as ${short(worst)}; data ${short(min)} to ${short(max)})`;
          return count > 0 ? [{ name, count, text }] : [];
        }),
      ),
      ...lineOf(
        `of ${all} generated rows, some have values that are not whole, unlike the data`,
        "data.integer",
        names.flatMap((name, k) => {
          const count = broken[k] as number;
          return count > 0 ? [{ name, count, text: `${name} ${count}` }] : [];
        }),
      ),
    ],
  };
}

function lineOf(
  what: string,
  key: string,
  found: readonly { name: string; count: number; text: string }[],
): string[] {
  if (found.length === 0) return [];
  const worst = found.toSorted((a, b) => b.count - a.count);
  const texts = worst.map(({ text }) => text);
  const names = worst.slice(0, mostNamed).map(({ name }) => name);
  return [
    `${what}: ${firstOf(texts, mostNamed)}; a run trained with ${setting(key, names)} holds them`,
  ];
}

// What reading the rows of a table shows of its columns.
import type { CleanBatch } from "../clean.js";
import type { TableFacts } from "../facts.js";

/** Facts that only all rows show. */
type LearntFacts = Pick<TableFacts, "offset" | "range" | "whole" | "spread" | "counters">;

/**
 * Learns facts of d columns from batches of rows: offsets (the medians of the first batch), ranges,
 * whole numbers and columns that count the rows.
 */
export function columnRecord(d: number, log1p: boolean) {
  let n = 0;
  let offset: number[] = [];
  let spread: number[] = [];
  let first: number[] = [];
  const min = new Array<number>(d).fill(Number.POSITIVE_INFINITY);
  const max = new Array<number>(d).fill(Number.NEGATIVE_INFINITY);
  const isCounter = new Array<boolean>(d).fill(true);
  const whole = new Array<boolean>(d).fill(true);

  function setOffsets(numbers: readonly Float64Array[], values: readonly Float64Array[]): void {
    const sorted = values.map((column) => column.slice().sort());
    const quantile = (column: Float64Array, q: number) =>
      column[Math.floor(q * (column.length - 1))];
    offset = sorted.map((column) => quantile(column, 0.5));
    spread = sorted.map((column) => quantile(column, 0.75) - quantile(column, 0.25));
    first = numbers.map((column) => column[0]);
  }

  return {
    count: () => n,

    /** Returns rows in their stored form, [count, d]. */
    add({ numbers, count }: CleanBatch): Float32Array {
      const values = log1p ? numbers.map((column) => column.map(Math.log1p)) : numbers;
      if (n === 0) setOffsets(numbers, values);
      const stored = new Float32Array(count * d);
      for (const [k, column] of values.entries()) {
        const centre = offset[k];
        let least = min[k];
        let most = max[k];
        for (let i = 0; i < count; i++) {
          const x = column[i];
          stored[i * d + k] = x - centre;
          if (x < least) least = x;
          if (x > most) most = x;
        }
        min[k] = least;
        max[k] = most;
        whole[k] &&= numbers[k].every(Number.isInteger);
        if (isCounter[k]) isCounter[k] = numbers[k].every((x, i) => x === first[k] + n + i);
      }
      n += count;
      return stored;
    },

    facts: (columns: readonly string[]): LearntFacts => ({
      offset,
      range: { min, max },
      whole,
      spread,
      counters: n > 2 ? columns.filter((_, k) => isCounter[k]) : [],
    }),
  };
}

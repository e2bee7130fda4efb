// What reading the rows of a table shows of its columns.
import type { CleanBatch } from "../clean.js";
import type { TableFacts } from "../facts.js";

/** Facts that only all rows show. */
export type LearntFacts = Pick<
  TableFacts,
  "offset" | "range" | "whole" | "quartiles" | "spread" | "width" | "counters"
>;

/** What a record knows so far, as JSON. */
export interface RecordState extends Omit<LearntFacts, "counters"> {
  n: number;
  /** The last value of each column. */
  last: number[];
  /** Whether a column has whole numbers that rise with each row. */
  isCounter: boolean[];
}

const emptyRecord = (d: number): RecordState => ({
  n: 0,
  offset: [],
  quartiles: { low: [], high: [] },
  spread: [],
  width: [],
  last: [],
  range: {
    min: new Array<number>(d).fill(Number.POSITIVE_INFINITY),
    max: new Array<number>(d).fill(Number.NEGATIVE_INFINITY),
  },
  isCounter: new Array<boolean>(d).fill(true),
  whole: new Array<boolean>(d).fill(true),
});

const risesFrom = (last: number, values: Float64Array): boolean =>
  values.every((x, i) => x > (i > 0 ? values[i - 1] : last));

const quantile = (sorted: Float64Array, q: number) => sorted[Math.floor(q * (sorted.length - 1))];

/** Of sorted values; 0 for none. */
const interquartileRange = (sorted: Float64Array): number =>
  sorted.length > 0 ? quantile(sorted, 0.75) - quantile(sorted, 0.25) : 0;

/** Medians, quartiles and interquartile ranges of columns. If the middle half of a column has one value, `width` is of its other values. */
function quartileFacts(columns: readonly Float64Array[]) {
  const sorted = columns.map((column) => column.slice().sort());
  const offset = sorted.map((column) => quantile(column, 0.5));
  const spread = sorted.map(interquartileRange);
  const width = spread.map((range, k) =>
    range > 0 ? range : interquartileRange(sorted[k].filter((x) => x !== offset[k])),
  );
  const quartileOf = (q: number) => sorted.map((column) => quantile(column, q) ?? 0);
  return { offset, quartiles: { low: quartileOf(0.25), high: quartileOf(0.75) }, spread, width };
}

/**
 * Learns facts of d columns from batches of rows: offsets (the medians of the first batch), ranges,
 * whole numbers and columns that count the rows. Resumes `saved`.
 */
export function columnRecord(d: number, log1p: boolean, saved: RecordState = emptyRecord(d)) {
  let { n, last } = saved;
  const { offset, quartiles, spread, width, isCounter, whole } = saved;
  let first = { offset, quartiles, spread, width };
  const { min, max } = saved.range;

  function setOffsets(numbers: readonly Float64Array[], values: readonly Float64Array[]): void {
    first = quartileFacts(values);
    last = numbers.map(() => Number.NEGATIVE_INFINITY);
  }

  return {
    count: () => n,

    state: (): RecordState => ({
      ...first,
      n,
      last,
      range: { min, max },
      isCounter,
      whole,
    }),

    /** Returns rows in their stored form, [count, d]. */
    add({ numbers, count }: CleanBatch): Float32Array {
      const values = log1p ? numbers.map((column) => column.map(Math.log1p)) : numbers;
      if (n === 0) setOffsets(numbers, values);
      const stored = new Float32Array(count * d);
      for (const [k, column] of values.entries()) {
        const centre = first.offset[k];
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
        isCounter[k] &&= whole[k] && risesFrom(last[k], numbers[k]);
        last[k] = numbers[k].at(-1) ?? last[k];
      }
      n += count;
      return stored;
    },

    facts: (columns: readonly string[]): LearntFacts => ({
      ...first,
      range: { min, max },
      whole,
      counters: n > 2 ? columns.filter((_, k) => isCounter[k]) : [],
    }),
  };
}

import type { CleanBatch } from "../clean.js";
import type { TableFacts } from "../facts.js";

const mostDigests = 2 ** 17;

type LearntFacts = Pick<
  TableFacts,
  "offset" | "range" | "whole" | "spread" | "digests" | "rowDigests" | "counters"
>;

export function columnRecord(d: number, log1p: boolean) {
  let n = 0;
  let offset: number[] = [];
  let spread: number[] = [];
  let first: number[] = [];
  const min = new Array<number>(d).fill(Number.POSITIVE_INFINITY);
  const max = new Array<number>(d).fill(Number.NEGATIVE_INFINITY);
  const digests = new Int32Array(d).fill(17);
  const isCounter = new Array<boolean>(d).fill(true);
  const whole = new Array<boolean>(d).fill(true);
  let every = 1;
  let rowDigests: number[] = [];

  /** Offsets are medians of the first rows. */
  function begin(numbers: readonly Float64Array[], values: readonly Float64Array[]): void {
    const sorted = values.map((column) => column.slice().sort());
    const quantile = (column: Float64Array, q: number) =>
      column[Math.floor(q * (column.length - 1))] as number;
    offset = sorted.map((column) => quantile(column, 0.5));
    spread = sorted.map((column) => quantile(column, 0.75) - quantile(column, 0.25));
    first = numbers.map((column) => column[0] as number);
  }

  function keepDigest(digest: number): void {
    if (digest % every !== 0) return;
    rowDigests.push(digest);
    if (rowDigests.length <= mostDigests) return;
    every *= 2;
    rowDigests = rowDigests.filter((one) => one % every === 0);
  }

  return {
    count: () => n,

    /** Returns rows in their stored form, [count, d]. */
    add({ numbers, count }: CleanBatch): Float32Array {
      const values = log1p ? numbers.map((column) => column.map(Math.log1p)) : numbers;
      if (n === 0) begin(numbers, values);
      const stored = new Float32Array(count * d);
      const bits = new Int32Array(count);
      const rounded = new Float32Array(bits.buffer);
      const high = new Int32Array(count).fill(17);
      const low = new Int32Array(count).fill(29);
      for (const [k, column] of values.entries()) {
        const centre = offset[k] as number;
        let least = min[k] as number;
        let most = max[k] as number;
        let digest = digests[k] as number;
        for (let i = 0; i < count; i++) rounded[i] = Math.fround(column[i] as number) + 0;
        for (let i = 0; i < count; i++) {
          const x = column[i] as number;
          const b = bits[i] as number;
          stored[i * d + k] = x - centre;
          if (x < least) least = x;
          if (x > most) most = x;
          digest = mix(digest, b);
          high[i] = mix(high[i] as number, b);
          low[i] = Math.imul((low[i] as number) + b, 0x7feb352d) ^ ((low[i] as number) >>> 13);
        }
        min[k] = least;
        max[k] = most;
        digests[k] = digest;
        whole[k] &&= (numbers[k] as Float64Array).every(Number.isInteger);
        if (isCounter[k])
          isCounter[k] = (numbers[k] as Float64Array).every(
            (x, i) => x === (first[k] as number) + n + i,
          );
      }
      for (let i = 0; i < count; i++)
        keepDigest(((high[i] as number) >>> 0) * 2 ** 21 + (finish(low[i] as number) >>> 11));
      n += count;
      return stored;
    },

    facts: (columns: readonly string[]): LearntFacts => ({
      offset,
      range: { min, max },
      whole,
      spread,
      digests: Array.from(digests, String),
      rowDigests: { every, values: rowDigests },
      counters: n > 2 ? columns.filter((_, k) => isCounter[k]) : [],
    }),
  };
}

const mix = (h: number, bits: number): number => Math.imul(h ^ bits, 0x01000193) ^ (h >>> 15);

const finish = (h: number): number => Math.imul(h ^ (h >>> 16), 0x846ca68b) ^ (h >>> 15);

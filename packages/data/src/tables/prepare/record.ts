// What is learnt of columns while their rows go by: offsets, ranges, digests, and which count the rows.
import type { CleanBatch } from "../clean.js";
import type { TableFacts } from "../facts.js";

/** Digests of rows that are kept at most: enough to count the rows that two files share. */
const mostDigests = 2 ** 17;

/** A record of d columns. */
export function recordOf(d: number, log1p: boolean) {
  let n = 0;
  let offsets: number[] | null = null;
  let spread: number[] = [];
  const min = new Array<number>(d).fill(Number.POSITIVE_INFINITY);
  const max = new Array<number>(d).fill(Number.NEGATIVE_INFINITY);
  const digests = new Int32Array(d).fill(17);
  const starts: number[] = [];
  const counts = new Array<boolean>(d).fill(true);
  let every = 1;
  let kept: number[] = [];

  /** Takes rows; returns them as they are stored, [count, d]. */
  function add({ numbers, count }: CleanBatch): Float32Array {
    const values = log1p ? numbers.map((column) => column.map(Math.log1p)) : numbers;
    if (offsets === null) {
      const sorted = values.map((column) => column.slice().sort());
      const quantile = (q: number) => (column: Float64Array) =>
        column[Math.floor(q * (column.length - 1))] as number;
      offsets = sorted.map(quantile(0.5));
      spread = sorted.map((column) => quantile(0.75)(column) - quantile(0.25)(column));
    }
    const stored = new Float32Array(count * d);
    const bits = new Int32Array(count);
    const rounded = new Float32Array(bits.buffer);
    const [h1, h2] = [new Int32Array(count).fill(17), new Int32Array(count).fill(29)];
    for (let k = 0; k < d; k++) {
      const column = values[k] as Float64Array;
      const offset = offsets[k] as number;
      let [low, high] = [min[k] as number, max[k] as number];
      let digest = digests[k] as number;
      // −0 is 0.
      for (let i = 0; i < count; i++) rounded[i] = Math.fround(column[i] as number) + 0;
      for (let i = 0; i < count; i++) {
        const x = column[i] as number;
        const b = bits[i] as number;
        stored[i * d + k] = x - offset;
        if (x < low) low = x;
        if (x > high) high = x;
        digest = Math.imul(digest ^ b, 0x01000193) ^ (digest >>> 15);
        h1[i] = Math.imul((h1[i] as number) ^ b, 0x01000193) ^ ((h1[i] as number) >>> 15);
        h2[i] = Math.imul((h2[i] as number) + b, 0x7feb352d) ^ ((h2[i] as number) >>> 13);
      }
      min[k] = low;
      max[k] = high;
      digests[k] = digest;
      if (n === 0) starts[k] = numbers[k]?.[0] as number;
      if (counts[k])
        counts[k] = (numbers[k] as Float64Array).every(
          (x, i) => x === (starts[k] as number) + n + i,
        );
    }
    for (let i = 0; i < count; i++)
      keep(((h1[i] as number) >>> 0) * 2 ** 21 + (mixed(h2[i] as number) >>> 11));
    n += count;
    return stored;
  }

  function keep(digest: number): void {
    if (digest % every !== 0) return;
    kept.push(digest);
    if (kept.length <= mostDigests) return;
    every *= 2;
    kept = kept.filter((one) => one % every === 0);
  }

  const facts = (
    columns: readonly string[],
  ): Pick<TableFacts, "offset" | "range" | "spread" | "digests" | "rowDigests" | "counters"> => ({
    ...{ offset: offsets ?? [], range: { min, max }, spread },
    digests: Array.from(digests, String),
    rowDigests: { every, values: kept },
    counters: n > 2 ? columns.filter((_, k) => counts[k]) : [],
  });

  return { add, facts, n: () => n };
}

const mixed = (h: number): number => Math.imul(h ^ (h >>> 16), 0x846ca68b) ^ (h >>> 15);

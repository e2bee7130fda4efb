// What is learnt of columns while their rows go by: offsets, ranges, digests, and which count the rows.
import type { CleanBatch } from "../clean.js";
import type { TableFacts } from "../facts.js";

/** Digests of rows that are kept at most: enough to count the rows that two files share. */
const mostDigests = 2 ** 17;

export class Record {
  readonly #log1p: boolean;
  readonly #d: number;
  #n = 0;
  #offset: number[] | null = null;
  #spread: number[] = [];
  readonly #min: number[];
  readonly #max: number[];
  readonly #digests: Int32Array;
  readonly #starts: number[] = [];
  readonly #counts: boolean[];
  #every = 1;
  #rows: number[] = [];

  constructor(d: number, log1p: boolean) {
    this.#d = d;
    this.#log1p = log1p;
    this.#min = new Array<number>(d).fill(Number.POSITIVE_INFINITY);
    this.#max = new Array<number>(d).fill(Number.NEGATIVE_INFINITY);
    this.#digests = new Int32Array(d).fill(17);
    this.#counts = new Array<boolean>(d).fill(true);
  }

  get n(): number {
    return this.#n;
  }

  /** Takes rows; returns them as they are stored, [count, d]. */
  add({ numbers, count }: CleanBatch): Float32Array {
    const d = this.#d;
    const values = this.#log1p ? numbers.map((column) => column.map(Math.log1p)) : numbers;
    if (this.#offset === null) {
      const sorted = values.map((column) => column.slice().sort());
      const quantile = (q: number) => (column: Float64Array) =>
        column[Math.floor(q * (column.length - 1))] as number;
      this.#offset = sorted.map(quantile(0.5));
      this.#spread = sorted.map((column) => quantile(0.75)(column) - quantile(0.25)(column));
    }
    const stored = new Float32Array(count * d);
    const bits = new Int32Array(count);
    const rounded = new Float32Array(bits.buffer);
    const [h1, h2] = [new Int32Array(count).fill(17), new Int32Array(count).fill(29)];
    for (let k = 0; k < d; k++) {
      const column = values[k] as Float64Array;
      const offset = this.#offset[k] as number;
      let [low, high] = [this.#min[k] as number, this.#max[k] as number];
      let digest = this.#digests[k] as number;
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
      this.#min[k] = low;
      this.#max[k] = high;
      this.#digests[k] = digest;
      if (this.#n === 0) this.#starts[k] = numbers[k]?.[0] as number;
      if (this.#counts[k])
        this.#counts[k] = (numbers[k] as Float64Array).every(
          (x, i) => x === (this.#starts[k] as number) + this.#n + i,
        );
    }
    for (let i = 0; i < count; i++)
      this.#keep(((h1[i] as number) >>> 0) * 2 ** 21 + (mixed(h2[i] as number) >>> 11));
    this.#n += count;
    return stored;
  }

  #keep(digest: number): void {
    if (digest % this.#every !== 0) return;
    this.#rows.push(digest);
    if (this.#rows.length <= mostDigests) return;
    this.#every *= 2;
    this.#rows = this.#rows.filter((one) => one % this.#every === 0);
  }

  facts(
    columns: readonly string[],
  ): Pick<TableFacts, "offset" | "range" | "spread" | "digests" | "rowDigests" | "counters"> {
    return {
      offset: this.#offset ?? [],
      range: { min: this.#min, max: this.#max },
      spread: this.#spread,
      digests: Array.from(this.#digests, String),
      rowDigests: { every: this.#every, values: this.#rows },
      counters: this.#n > 2 ? columns.filter((_, k) => this.#counts[k]) : [],
    };
  }
}

const mixed = (h: number): number => Math.imul(h ^ (h >>> 16), 0x846ca68b) ^ (h >>> 15);

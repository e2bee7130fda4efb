import type { CleanBatch } from "@dsbm/data";

export class RowQueue {
  readonly #batches: AsyncIterator<CleanBatch>;
  /** Rows that were read, but not taken. */
  #rest: CleanBatch | null = null;

  constructor(batches: AsyncIterable<CleanBatch>) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  /** The next rows, without taking them; null at the end. */
  async peek(): Promise<CleanBatch | null> {
    this.#rest ??= await this.#read();
    return this.#rest;
  }

  /** The next `count` rows; fewer, or null, at the end. */
  async take(count: number): Promise<CleanBatch | null> {
    let rows = await this.peek();
    while (rows && rows.count < count) {
      const more = await this.#read();
      if (!more) break;
      rows = joined(rows, more);
    }
    this.#rest = rows && rows.count > count ? part(rows, count, rows.count) : null;
    return rows && part(rows, 0, count);
  }

  async close(): Promise<void> {
    await this.#batches.return?.();
  }

  async #read(): Promise<CleanBatch | null> {
    const { done, value } = await this.#batches.next();
    return done ? null : value;
  }
}

function part(batch: CleanBatch, low: number, high: number): CleanBatch {
  const rows = batch.rows.slice(low, high);
  return {
    rows,
    count: rows.length,
    numbers: batch.numbers.map((column) => column.slice(low, high)),
    texts: batch.texts.map((column) => column.slice(low, high)),
    condition: batch.condition?.slice(low, high) ?? null,
    masses: [],
  };
}

function joined(first: CleanBatch, second: CleanBatch): CleanBatch {
  const doubles = (a: Float64Array, b: Float64Array) => Float64Array.from([...a, ...b]);
  const texts = (a: string[], b: string[]) => [...a, ...b];
  const conditions = [first.condition, second.condition];
  return {
    rows: Int32Array.from([...first.rows, ...second.rows]),
    count: first.count + second.count,
    numbers: first.numbers.map((column, k) => doubles(column, second.numbers[k] as Float64Array)),
    texts: first.texts.map((column, k) => texts(column, second.texts[k] as string[])),
    condition: Array.isArray(first.condition)
      ? (conditions as string[][]).flat()
      : first.condition && doubles(...(conditions as [Float64Array, Float64Array])),
    masses: [],
  };
}

import type { CleanBatch } from "@dsbm/data";

export interface QueuedRows {
  count: number;
  /** Row numbers of the file, from 0. */
  rows: Int32Array;
  numbers: Float64Array[];
  texts: string[][];
  condition: Float64Array | string[] | null;
}

export class RowQueue {
  readonly #batches: AsyncIterator<CleanBatch>;
  #batch: CleanBatch | null = null;
  #taken = 0;

  constructor(batches: AsyncIterable<CleanBatch>) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  /** The current batch, without taking it; null at the end. */
  async peek(): Promise<CleanBatch | null> {
    while (this.#batch === null || this.#taken === this.#batch.count) {
      const next = await this.#batches.next();
      this.#taken = 0;
      this.#batch = next.done ? null : next.value;
      if (next.done) return null;
    }
    return this.#batch;
  }

  /** The next `count` rows; fewer, or none, at the end. */
  async take(count: number): Promise<QueuedRows> {
    const parts: QueuedRows[] = [];
    let left = count;
    while (left > 0) {
      const batch = await this.peek();
      if (batch === null) break;
      const low = this.#taken;
      const high = Math.min(this.#taken + left, batch.count);
      parts.push({
        count: high - low,
        rows: batch.rows.subarray(low, high),
        numbers: batch.numbers.map((column) => column.subarray(low, high)),
        texts: batch.texts.map((column) => column.slice(low, high)),
        condition: batch.condition?.slice(low, high) ?? null,
      });
      this.#taken = high;
      left -= high - low;
    }
    return joined(parts);
  }

  async close(): Promise<void> {
    await this.#batches.return?.();
  }
}

function joined(parts: readonly QueuedRows[]): QueuedRows {
  const [first] = parts;
  if (!first) return { count: 0, rows: new Int32Array(), numbers: [], texts: [], condition: null };
  if (parts.length === 1) return first;
  const doubles = (columns: readonly Float64Array[]) =>
    Float64Array.from(columns.flatMap((column) => [...column]));
  const conditions = parts.map(({ condition }) => condition);
  return {
    count: parts.reduce((sum, part) => sum + part.count, 0),
    rows: Int32Array.from(parts.flatMap((part) => [...part.rows])),
    numbers: first.numbers.map((_, k) => doubles(parts.map((p) => p.numbers[k] as Float64Array))),
    texts: first.texts.map((_, k) => parts.flatMap((part) => part.texts[k] as string[])),
    condition:
      first.condition === null
        ? null
        : Array.isArray(first.condition)
          ? (conditions as string[][]).flat()
          : doubles(conditions as Float64Array[]),
  };
}

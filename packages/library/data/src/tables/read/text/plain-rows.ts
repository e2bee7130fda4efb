// The batches of a text file's plain lines, which are scanned instead of parsed.
import type { CellOptions } from "../../cells.js";
import { batchRows, type RowBatch, type RowRequest, type TextPlace } from "../../row-source.js";
import type { RecordFile } from "./records.js";
import type { ScannedRows, ScanPlan } from "./scan.js";
import { scanRows } from "./scan-parts.js";

/** A text file: its records, the names of its columns and the notation of its cells. */
export interface PlainTable {
  file: RecordFile;
  names: readonly string[];
  hasHeader: boolean;
  notation: CellOptions;
}

/** The batches of a scan: its rows, and whether these are all rows of the file. */
interface ScanEnd {
  count: number;
  isWhole: boolean;
}

/**
 * The rows in front of the first unusual line, in the batches in which a parser gives them.
 * @throws errors of `readText`, and the signal's reason.
 */
export async function* scanBatches(
  table: PlainTable,
  { numbers = [], texts = [], from, signal }: RowRequest,
): AsyncGenerator<RowBatch, ScanEnd> {
  const { names, hasHeader, file } = table;
  const plan = scanPlan(table, [...new Set(numbers)], [...new Set(texts)]);
  const begin = from?.row ?? 0;
  if (plan === null) return { count: begin, isWhole: false };
  const rows = batchRows(names.length);
  // A parser counts the header as a row of the first batch.
  const batch = new BatchColumns(begin, hasHeader && begin === 0 ? rows - 1 : rows, plan);
  const order = {
    numbers: numbers.map((name) => plan.numbers.indexOf(names.indexOf(name))),
    texts: texts.map((name) => plan.texts.indexOf(names.indexOf(name))),
  };
  let isWhole = true;
  let next: TextPlace | undefined;
  let row = from?.text?.row ?? 0;
  for await (const scanned of scanRows({ ...file, from: from?.text }, plan, { hasHeader })) {
    signal?.throwIfAborted();
    next = { row, byte: scanned.byte, line: scanned.line };
    for (let at = Math.min(Math.max(begin - row, 0), scanned.count); at < scanned.count; ) {
      at += batch.add(scanned, at);
      if (batch.isFull()) yield { ...batch.take(order, rows), next };
    }
    row += scanned.count;
    isWhole = !scanned.isOdd;
  }
  if (batch.count > 0) yield { ...batch.take(order, rows), next };
  return { count: batch.first, isWhole };
}

/** How to scan a table; null if its lines are read otherwise. */
function scanPlan(
  { file, names, notation }: PlainTable,
  numbers: readonly string[],
  texts: readonly string[],
): ScanPlan | null {
  const { delimiter, lineEnd } = file;
  if (lineEnd === null || lineEnd === "\r" || delimiter === notation.decimal) return null;
  const { decimal, thousands, na, booleans } = notation;
  return {
    delimiter: delimiter.charCodeAt(0),
    hasReturns: lineEnd === "\r\n",
    width: names.length,
    numbers: numbers.map((name) => names.indexOf(name)),
    texts: texts.map((name) => names.indexOf(name)),
    cells: { decimal, thousands, na, booleans },
  };
}

/** The columns of the next batch. */
class BatchColumns {
  /** Rows so far. */
  count = 0;
  #numbers: Float64Array[];
  #texts: string[][];

  constructor(
    /** The number of the first row. */
    public first: number,
    private size: number,
    plan: ScanPlan,
  ) {
    this.#numbers = plan.numbers.map(() => new Float64Array(size));
    this.#texts = plan.texts.map(() => []);
  }

  /** Whether no row fits. */
  isFull(): boolean {
    return this.count === this.size;
  }

  /** Adds the rows from `from` on that fit; returns how many. */
  add({ count, numbers, texts }: ScannedRows, from: number): number {
    const added = Math.min(count - from, this.size - this.count);
    for (const [k, column] of this.#numbers.entries())
      column.set(numbers[k].subarray(from, from + added), this.count);
    for (const [k, column] of this.#texts.entries())
      for (let i = from; i < from + added; i++) column.push(texts[k][i]);
    this.count += added;
    return added;
  }

  /** The batch, with columns in the order of a request; the next one has `size` rows at most. */
  take(order: { numbers: readonly number[]; texts: readonly number[] }, size: number): RowBatch {
    const { first, count } = this;
    const batch = {
      first,
      count,
      numbers: order.numbers.map((k) => this.#numbers[k].slice(0, count)),
      texts: order.texts.map((k) => this.#texts[k].slice()),
    };
    this.first += count;
    this.count = 0;
    if (size !== this.size) this.#numbers = this.#numbers.map(() => new Float64Array(size));
    this.#texts = this.#texts.map(() => []);
    this.size = size;
    return batch;
  }
}

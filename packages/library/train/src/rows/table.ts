import {
  type Batch,
  batchFrom,
  countRows,
  disposeSome,
  type Endpoints,
  namesOf,
  someRows,
  tableIndex,
  tensorsOf,
} from "@dsbm/bridge";
import { type Generator, randperm, type Tensor, tidy } from "@dsbm/torch";
import { allRowsOf, type RowRange } from "../distributed/ranks.js";
import {
  type BatchSource,
  cutRows,
  keptRows,
  type ProgressSteps,
  type SourceState,
  type StreamStates,
  statesOf,
} from "./batch-source.js";
import type { Prefetcher } from "./prefetcher.js";

/** Options of `TableRows`. */
export interface TableRowsOptions {
  /** Tables of both endpoints. */
  data: Endpoints;
  /** The rows of one epoch on all or some of the data; draws from `simulate` alone. */
  epoch: (data: Endpoints) => Batch;
  /** Rows of a batch. */
  batchSize: number;
  /** The stream of simulations and of draws for rows. */
  simulate: Generator;
  /** The stream of the order of rows. */
  shuffle: Generator;
  /** Simulates the next epochs during this epoch; null: later. */
  prefetcher?: Prefetcher | null;
  /** Remaining training steps. */
  stepsLeft: () => number;
  /** Chooses the samples of a last epoch that needs only some; null: all samples are used. */
  choose: (() => Generator) | null;
}

const blockRows = 2048;

const epochsAhead = 2;

/** Rows [N, …] and the order in which batches take them, int64 [n]. */
interface OrderedRows {
  name: string;
  rows: Tensor;
  order: Tensor;
}

function columnsOf(tables: Batch, index: Batch | null, order: Tensor): OrderedRows[] {
  const indices = index && tensorsOf(index);
  const orders = new Map<Tensor | undefined, Tensor>();
  for (const index of new Set(indices ?? [undefined]))
    orders.set(index, (index ? index.indexSelect(0, order) : order).keep());
  const rows = tensorsOf(tables);
  return namesOf(tables).map((name, i) => ({
    name,
    rows: rows[i].detach().keep(),
    order: orders.get(indices?.[i])!,
  }));
}

/** Batches of rows made an epoch at a time, and kept in memory. */
export class TableRows implements BatchSource {
  #columns: OrderedRows[] = [];
  #block: { start: number; end: number; rows: Batch } = { start: 0, end: 0, rows: {} };
  #cursor: number | null = null;
  #left = 0;
  #before: StreamStates;
  readonly #begun: { simulate: Uint8Array; data: Endpoints }[] = [];
  readonly #options: TableRowsOptions;
  constructor(options: TableRowsOptions) {
    this.#options = options;
    this.#before = statesOf(this.#options);
  }

  due(): boolean {
    const size = this.#columns[0]?.order.size(0) ?? 0;
    return this.#cursor === null || this.#cursor + this.#options.batchSize > size;
  }

  make(): ProgressSteps {
    return this.#make(this.#options.stepsLeft());
  }

  #make(left: number): ProgressSteps {
    this.#drop();
    this.#left = left;
    const early = this.#begun.shift();
    this.#before = { ...statesOf(this.#options), ...(early && { simulate: early.simulate }) };
    const data = early?.data ?? this.#dataFor(left);
    const { epoch, shuffle, batchSize } = this.#options;
    this.#columns = tidy(() => {
      const rows = epoch(data);
      const { tables, index } = tableIndex(rows) ?? { tables: rows, index: null };
      const n = countRows(index ?? tables);
      this.#beginNext(Math.floor(n / batchSize), left, data);
      const device = tensorsOf(tables)[0]?.device ?? "cpu";
      return columnsOf(tables, index, randperm(n, { generator: shuffle, device }));
    });
    this.#forget(data);
    this.#cursor = 0;
    return [];
  }

  #dataFor(left: number): Endpoints {
    const { data, batchSize, choose } = this.#options;
    const n = left * batchSize;
    if (!choose || n >= Math.min(data.x0.size(0), data.x1.size(0))) return data;
    return someRows(data, n, choose());
  }

  #beginNext(batches: number, left: number, now: Endpoints): void {
    const { prefetcher, simulate, data } = this.#options;
    if (!prefetcher || now !== data) return;
    for (;;) {
      const after = left - batches * (prefetcher.waiting + 1);
      if (prefetcher.waiting >= epochsAhead || after <= 0) return;
      const next = { simulate: simulate.getState(), data: this.#dataFor(after) };
      if (!prefetcher.startSimulations(data, next.data)) {
        this.#forget(next.data);
        return;
      }
      this.#begun.push(next);
    }
  }

  #forget(data: Endpoints): void {
    if (data !== this.#options.data) disposeSome(data);
  }

  batch(n: number, { start, count }: RowRange = allRowsOf(n)): Batch {
    const from = this.#cursor ?? 0;
    this.#cursor = from + n;
    if (from + n > this.#block.end) this.#gather(from, n * Math.ceil(blockRows / n));
    return cutRows(this.#block.rows, { start: from - this.#block.start + start, count });
  }

  #gather(start: number, count: number): void {
    this.#dropBlock();
    const columns = this.#columns;
    const end = Math.min(start + count, columns[0]?.order.size(0) ?? 0);
    const rows = keptRows(() => {
      const parts = new Map<Tensor, Tensor>();
      for (const { order } of columns) parts.set(order, order.narrow(0, start, end - start));
      return batchFrom(
        columns.map(({ name }) => name),
        columns.map(({ rows, order }) => rows.indexSelect(0, parts.get(order)!)),
      );
    });
    this.#block = { start, end, rows };
  }

  save(): SourceState {
    return { ...this.#before, cursor: this.#cursor, left: this.#left };
  }

  restore(state: SourceState): ProgressSteps {
    this.dispose();
    this.#options.simulate.setState(state.simulate as Uint8Array);
    this.#options.shuffle.setState(state.shuffle as Uint8Array);
    this.#before = statesOf(this.#options);
    if (state.cursor === null) return [];
    const cursor = state.cursor as number;
    this.#make(state.left as number);
    this.#cursor = cursor;
    return [];
  }

  dispose(): void {
    this.#options.prefetcher?.stop();
    for (const { data } of this.#begun.splice(0)) this.#forget(data);
    this.#drop();
  }

  #dropBlock(): void {
    for (const t of tensorsOf(this.#block.rows)) t.dispose();
    this.#block = { start: 0, end: 0, rows: {} };
  }

  #drop(): void {
    this.#dropBlock();
    for (const t of this.#columns.flatMap(({ rows, order }) => [rows, order])) t.dispose();
    this.#columns = [];
    this.#cursor = null;
  }
}

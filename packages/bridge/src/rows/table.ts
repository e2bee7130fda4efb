// Rows that fit in memory: made anew for every epoch, shuffled once, cut into batches as views.
import type { Generator, Tensor } from "@dsbm/torch";
import { batchOf, shuffleRows } from "../inner.js";
import type { Making, RowSource, SourceState } from "../rows.js";
import { kept } from "../simulator.js";

export interface TableOptions {
  /** The rows of one epoch; draws from `simulate` alone. */
  epoch: () => Tensor[];
  batchSize: number;
  simulate: Generator;
  shuffle: Generator;
}

export class TableRows implements RowSource {
  #rows: Tensor[] = [];
  #cursor: number | null = null;
  #before: { simulate: Uint8Array; shuffle: Uint8Array };
  readonly #options: TableOptions;
  constructor(options: TableOptions) {
    this.#options = options;
    this.#before = this.#states();
  }

  #states() {
    const { simulate, shuffle } = this.#options;
    return { simulate: simulate.getState(), shuffle: shuffle.getState() };
  }

  due(): boolean {
    const size = this.#rows[0]?.size(0) ?? 0;
    return this.#cursor === null || this.#cursor + this.#options.batchSize > size;
  }

  make(): Making {
    this.dispose();
    this.#before = this.#states();
    const { epoch, shuffle } = this.#options;
    this.#rows = kept(() => shuffleRows(epoch(), shuffle));
    this.#cursor = 0;
    return [];
  }

  batch(n: number): Tensor[] {
    const start = this.#cursor ?? 0;
    this.#cursor = start + n;
    return batchOf(this.#rows, start, n);
  }

  save(): SourceState {
    return { ...this.#before, cursor: this.#cursor };
  }

  restore(state: SourceState): Making {
    this.#options.simulate.setState(state.simulate as Uint8Array);
    this.#options.shuffle.setState(state.shuffle as Uint8Array);
    this.#before = this.#states();
    if (state.cursor === null) return [];
    this.make();
    this.#cursor = state.cursor as number;
    return [];
  }

  dispose(): void {
    for (const t of this.#rows) t.dispose();
    this.#rows = [];
    this.#cursor = null;
  }
}

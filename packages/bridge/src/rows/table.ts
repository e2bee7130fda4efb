// Rows that fit in memory: made anew for every epoch, shuffled once, cut into batches as views.
import type { Generator, Tensor } from "@dsbm/torch";
import { batchOf, shuffleRows } from "../inner.js";
import type { Part } from "../ranks.js";
import { allOf, type Making, type RowSource, type SourceState } from "../rows.js";
import { kept } from "../simulator.js";
import type { Ahead } from "./ahead.js";

export interface TableOptions {
  /** The rows of one epoch; draws from `simulate` alone. */
  epoch: () => Tensor[];
  batchSize: number;
  simulate: Generator;
  shuffle: Generator;
  /** Begins the next epoch's runs beside the training on this one's; null where they wait for it. */
  ahead?: Ahead | null;
  /** Training steps that are still to come, which bound what is begun ahead. */
  stepsLeft?: () => number;
}

/** Random states as they were before an epoch was made. */
type States = { simulate: Uint8Array; shuffle: Uint8Array };

export class TableRows implements RowSource {
  #rows: Tensor[] = [];
  #cursor: number | null = null;
  #before: States;
  /** Those of the next epoch where its runs were begun already. */
  #next: States | null = null;
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
    this.#drop();
    this.#before = this.#next ?? this.#states();
    this.#next = null;
    const { epoch, shuffle, ahead, stepsLeft, batchSize } = this.#options;
    let begun: Uint8Array | null = null;
    this.#rows = kept(() => {
      const rows = epoch();
      const batches = Math.floor((rows[0]?.size(0) ?? 0) / batchSize);
      // The shuffle goes on beside the next runs as well.
      if (ahead && stepsLeft && stepsLeft() > batches) {
        begun = this.#states().simulate;
        ahead.begin();
      }
      return shuffleRows(rows, shuffle);
    });
    this.#cursor = 0;
    if (begun) this.#next = { ...this.#states(), simulate: begun };
    return [];
  }

  batch(n: number, { start, count }: Part = allOf(n)): Tensor[] {
    const from = this.#cursor ?? 0;
    this.#cursor = from + n;
    return batchOf(this.#rows, from + start, count);
  }

  save(): SourceState {
    return { ...this.#before, cursor: this.#cursor };
  }

  restore(state: SourceState): Making {
    this.dispose();
    this.#options.simulate.setState(state.simulate as Uint8Array);
    this.#options.shuffle.setState(state.shuffle as Uint8Array);
    this.#before = this.#states();
    if (state.cursor === null) return [];
    this.make();
    this.#cursor = state.cursor as number;
    return [];
  }

  dispose(): void {
    this.#options.ahead?.stop();
    this.#next = null;
    this.#drop();
  }

  #drop(): void {
    for (const t of this.#rows) t.dispose();
    this.#rows = [];
    this.#cursor = null;
  }
}

// Pairs from OT batches of several training batches, whose plans are closer to the plan of the
// data.
import {
  type Batch,
  type BatchCoupling,
  countRows,
  coupleUnknownRows,
  type Endpoint,
  mapBatch,
  type Pairs,
  tensorsOf,
  withoutKnownMark,
} from "@dsbm/bridge";
import { type Generator, randperm } from "@dsbm/torch";
import { allRowsOf } from "../distributed/ranks.js";
import {
  type BatchSource,
  cutRows,
  keptRows,
  type ProgressSteps,
  type SourceState,
} from "./batch-source.js";

/** Pairs that are drawn for each row of an expensive plan. */
const draws = 16;

/** Options of `PooledRows`. */
export interface PooledOptions {
  /** Where the rows of pools come from. */
  source: BatchSource;
  /** Rows of a pool. */
  rows: number;
  /** Pairs the rows of a pool. */
  couple: BatchCoupling;
  /** The stream of pairings. */
  pairing: Generator;
  /** The endpoint whose conditions a pair keeps. */
  conditionsOf: Endpoint;
}

/** Batches cut from pools of pairs. Every rank makes whole pools and takes its part of a batch. */
export class PooledRows implements BatchSource {
  readonly #options: PooledOptions;
  #pool: Batch = {};
  #cursor: number | null = null;
  #before: { source: SourceState; pairing: Uint8Array };

  constructor(options: PooledOptions) {
    this.#options = options;
    this.#before = this.#states();
  }

  #states() {
    const { source, pairing } = this.#options;
    return { source: source.save(), pairing: pairing.getState() };
  }

  get #isUsed(): boolean {
    return this.#cursor === null || this.#cursor >= countRows(this.#pool);
  }

  due(step: number): boolean {
    return this.#isUsed && this.#options.source.due?.(step) === true;
  }

  make(step: number): ProgressSteps {
    return this.#options.source.make?.(step) ?? [];
  }

  batch(n: number, part = allRowsOf(n)): Batch {
    if (this.#isUsed) this.#fill();
    const from = this.#cursor ?? 0;
    this.#cursor = from + n;
    return cutRows(this.#pool, { ...part, start: from + part.start });
  }

  #fill(): void {
    const { source, rows, couple, pairing, conditionsOf } = this.#options;
    this.#drop();
    this.#before = this.#states();
    this.#pool = keptRows(() => {
      const batch = source.batch(rows) as Pairs;
      const pairs = withoutKnownMark(
        coupleUnknownRows(couple)(batch, pairing, conditionsOf, draws),
      );
      // Pairs of groups lie group by group; a batch needs all groups.
      return pairs.conditions ? shuffleRows(pairs, pairing) : pairs;
    });
    this.#cursor = 0;
  }

  save(): SourceState {
    return { ...(this.#cursor === null ? this.#states() : this.#before), cursor: this.#cursor };
  }

  async *restore({ source, pairing, cursor }: SourceState) {
    this.#drop();
    yield* this.#options.source.restore(source as SourceState);
    this.#options.pairing.setState(pairing as Uint8Array);
    if (cursor === null) return;
    this.#fill();
    this.#cursor = cursor as number;
  }

  remove(): void {
    this.#options.source.remove?.();
  }

  dispose(): void {
    this.#drop();
    this.#options.source.dispose();
  }

  #drop(): void {
    for (const t of tensorsOf(this.#pool)) t.dispose();
    this.#pool = {};
    this.#cursor = null;
  }
}

function shuffleRows<B extends Batch>(batch: B, generator: Generator): B {
  const { device } = tensorsOf(batch)[0];
  const order = randperm(countRows(batch), { generator, device });
  return mapBatch(batch, (t) => t.indexSelect(0, order));
}

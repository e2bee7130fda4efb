import { type Batch, type Matching, mapBatch, type RowPairs, tensorsOf } from "@dsbm/bridge";
import { cat, type Device, type Generator, randperm, type Tensor, tidy } from "@dsbm/torch";
import type { RowRange } from "../distributed/ranks.js";

/** The state of a source for resume: JSON values and bytes. */
export type SourceState = { [key: string]: SavedValue };
/** A value of a saved state. */
export type SavedValue = null | boolean | number | string | Uint8Array | SourceState;

/** Pairs made so far, and all pairs to make. */
export type PairProgress = { done: number; total: number };

/** The making of rows, step by step; a consumer may stop between two steps. */
export type ProgressSteps = Iterable<PairProgress> | AsyncIterable<PairProgress>;

/** States of the generators of a source. */
export type StreamStates = { simulate: Uint8Array; shuffle: Uint8Array };

/** The present states of the generators of a source. */
export const statesOf = (streams: Record<keyof StreamStates, Generator>): StreamStates => ({
  simulate: streams.simulate.getState(),
  shuffle: streams.shuffle.getState(),
});

/** A source of training rows, which draws from its own generators alone. */
export interface BatchSource {
  /** Whether new rows must be made before step `step` (counted from 1); absent: never. */
  due?(step: number): boolean;
  /** Makes them. If the consumer leaves in the middle, they are forgotten and `due` stays true. */
  make?(step: number): ProgressSteps;
  /** A part of the next batch of `n` rows (default: all of it). */
  batch(n: number, part?: RowRange): Batch;
  save(): SourceState;
  /** Continues from a saved state, and makes again what is no longer there. */
  restore(state: SourceState): ProgressSteps;
  /** Removes the files of a half-iteration that is done. */
  remove?(): void;
  dispose(): void;
}

/** The whole batch `times` times: [n, …] → [n · times, …]. */
export function repeatRows<B extends Batch>(batch: B, times: number): B {
  if (times === 1) return batch;
  return mapBatch(batch, (t) => t.repeat([times, ...t.shape.slice(1).map(() => 1)]));
}

/** A part of the rows of a batch. */
export function cutRows<B extends Batch>(batch: B, { start, count }: RowRange): B {
  return mapBatch(batch, (t) => t.narrow(0, start, count));
}

/** Keeps a batch out of the surrounding scopes. */
export function keptRows(fn: () => Batch): Batch {
  let batch: Batch = {};
  tidy(() => {
    batch = fn();
    for (const t of tensorsOf(batch)) t.keep();
  });
  return batch;
}

/** The generator before the present permutation, and the rows taken of the permutation. */
export type RowOrderState = {
  shuffle: Uint8Array;
  taken: number;
};

/** Indices 0 … n−1, each once before any comes again; the incomplete last batch of a permutation is dropped. */
export class RowOrder {
  #permutation: Tensor | null = null;
  #taken = 0;
  #before: Uint8Array;
  constructor(
    readonly n: number,
    readonly generator: Generator,
    readonly device: Device = "cpu",
  ) {
    this.#before = generator.getState();
  }

  #shuffle(): Tensor {
    this.#permutation?.dispose();
    this.#before = this.generator.getState();
    this.#taken = 0;
    this.#permutation = randperm(this.n, { generator: this.generator, device: this.device }).keep();
    return this.#permutation;
  }

  /** The next k indices, int64 [k]; for k > n from several permutations. */
  next(k: number): Tensor {
    if (k > this.n) return this.through(k);
    const rows =
      this.#permutation && this.#taken + k <= this.n ? this.#permutation : this.#shuffle();
    this.#taken += k;
    return rows.narrow(0, this.#taken - k, k);
  }

  /** The next k indices, int64 [k], through as many orders as it takes. */
  through(k: number): Tensor {
    const parts: Tensor[] = [];
    for (let left = k; left > 0; ) {
      if (!this.#permutation || this.#taken === this.n) this.#shuffle();
      const some = Math.min(left, this.n - this.#taken);
      parts.push(this.next(some));
      left -= some;
    }
    return cat(parts);
  }

  /** The state for `restore`. */
  save(): RowOrderState {
    return { shuffle: this.#before, taken: this.#permutation ? this.#taken : 0 };
  }

  /** Continues from a saved state, to which it sets its generator. */
  restore({ shuffle, taken }: RowOrderState): void {
    this.generator.setState(shuffle);
    this.#permutation?.dispose();
    this.#permutation = null;
    this.#before = shuffle;
    if (taken === 0) return;
    this.#shuffle();
    this.#taken = taken;
  }

  dispose(): void {
    this.#permutation?.dispose();
    this.#permutation = null;
  }
}

/** The order in which rows of both tables are taken. */
export interface PairOrder {
  /** The next n of each, int64 [n] on the CPU, and which of them are known pairs. */
  next(n: number): RowPairs;
  save(): { x0: SourceState; x1: SourceState };
  restore(state: SourceState): void;
  dispose(): void;
}

interface Streams {
  x0: Generator;
  x1: Generator;
}

/** Random orders of both tables, independent of each other. */
export function separateOrders(sizes: { x0: number; x1: number }, streams: Streams): PairOrder {
  const x0 = new RowOrder(sizes.x0, streams.x0);
  const x1 = new RowOrder(sizes.x1, streams.x1);
  return {
    next: (n) => ({ x0: x0.next(n), x1: x1.next(n) }),
    save: () => ({ x0: x0.save(), x1: x1.save() }),
    restore(state) {
      x0.restore(state.x0 as RowOrderState);
      x1.restore(state.x1 as RowOrderState);
    },
    dispose() {
      x0.dispose();
      x1.dispose();
    },
  };
}

/** A random order of the rows of a matching, with partners drawn for each. */
export function matchedOrder(matching: Matching, streams: Streams): PairOrder {
  const order = new RowOrder(matching.rows.length, streams.x0);
  return {
    next: (n) => matching.partners(order.next(n), streams.x1),
    save: () => ({ x0: order.save(), x1: { partners: streams.x1.getState() } }),
    restore({ x0, x1 }) {
      order.restore(x0 as RowOrderState);
      streams.x1.setState((x1 as { partners: Uint8Array }).partners);
    },
    dispose: () => order.dispose(),
  };
}

import { type Batch, mapBatch, tensorsOf } from "@dsbm/bridge";
import { type Generator, tidy } from "@dsbm/torch";
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

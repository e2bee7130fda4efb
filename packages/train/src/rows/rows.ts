// Where the rows of training batches come from in one half-iteration; the rooms below say how.
import type { Tensor } from "@dsbm/torch";
import type { Part } from "../distributed/ranks.js";

/** What a source needs to go on, in JSON's types and bytes. */
export type SourceState = { [key: string]: SavedValue };
export type SavedValue = null | boolean | number | string | Uint8Array | SourceState;

/** Work that tells how many rows are made. */
export type Making =
  | Iterable<{ done: number; total: number }>
  | AsyncIterable<{ done: number; total: number }>;

/** A source of training rows. Random numbers come from its own generators alone. */
export interface RowSource {
  /** Whether new rows must be made before step `step` (counted from 1). */
  due(step: number): boolean;
  /**
   * Makes them; yields how many are made. Where the consumer leaves in the middle, what was made is
   * forgotten and `due` stays true.
   */
  make(step: number): Making;
  /** Those rows of the next batch of `n` that `part` names (default: all), born in the surrounding scope. */
  batch(n: number, part?: Part): Tensor[];
  /** The state at a step boundary. */
  save(): SourceState;
  /** Goes on from a saved state, making again what is no longer there; yields as `make`. */
  restore(state: SourceState): Making;
  dispose(): void;
}

export const allOf = (n: number): Part => ({ start: 0, count: n });

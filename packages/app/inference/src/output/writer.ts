// Writers of outputs, and what they need to know.
import type { KeptCell } from "@dsbm/data";
import type { Tensor } from "@dsbm/torch";
import type { Bridge } from "../bridge.js";
import type { Input } from "../input/input.js";

/** Writes a temporary file. */
export interface Writer {
  /** Completes the file, on the disk. */
  close(): void | Promise<void>;
  /** Does nothing after `close`. */
  abandon(): void;
}

/** Writes generated samples in the order of the input. */
export interface SampleWriter extends Writer {
  /** Says what was written, for people. */
  about(): string;
  /**
   * Takes samples [count, …] from `first` on; for a path the samples of state k, states in order.
   */
  put(x: Tensor, at: PutPlace): Promise<void>;
}

/** A writer whose file appears at `commit`. Disposing it before leaves nothing. */
export interface Output<W extends Writer> extends Disposable {
  writer: W;
  commit(): Promise<void>;
}

/** Which samples, and which state of a path. */
interface PutPlace {
  k: number;
  /** The draw, from 0. */
  member: number;
  first: number;
  kept: readonly (readonly KeptCell[])[];
  /** Row numbers of a table's file, from 0. */
  rows?: Int32Array | undefined;
  /** Masses of the samples, for a method with growth. */
  weights: Tensor | null;
}

/** What an output shows of a run and its input. */
export interface OutputOptions {
  path: string;
  bridge: Bridge;
  input: Input;
  /** Samples in all; null: not known. */
  n: number | null;
  /** Draws for each sample. */
  members: number;
  /** Process times of the states of a path; null: only endpoints. */
  times: readonly number[] | null;
  /** The process time of the generated samples. */
  end: number;
  settings: object;
  /** Receives generated vectors in the data's own units, and the samples [n, d] that they come from. */
  seen?: ((numbers: readonly Float64Array[], x: Tensor) => void) | undefined;
}

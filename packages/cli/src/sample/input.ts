// What is sampled from, as the loop over batches sees it: rows as networks see them, and how many.
import type { Conditions, Direction } from "@dsbm/bridge";
import { type Tensor, tidy } from "@dsbm/torch";
import { UsageError } from "../terminal/errors.js";
import type { Progress } from "../terminal/progress.js";
import type { Trained } from "./trained.js";

export interface Input {
  /** Samples in all. */
  n: number;
  /** One line for people. */
  about: string;
  /** Names of the samples, without their endings; null where they have none. */
  names: readonly string[] | null;
  /** Conditions of the samples, where the input has some. */
  conditions: Conditions | null;
  /** Rows [count, …] on the processor, float32, finite; the caller's. */
  read(first: number, count: number): Promise<Tensor>;
  close(): void;
}

export interface InputOptions {
  trained: Trained;
  direction: Direction;
  seed: number;
  resize: boolean;
  progress: Progress;
  signal: AbortSignal | undefined;
}

/** Throws a UsageError that names the first row with values that are no numbers. */
export function checkFinite(x: Tensor, first: number, source: string): void {
  const rows = tidy(() => x.flatten({ startDim: 1 }).isfinite().toArray() as Uint8Array);
  const at = rows.indexOf(0);
  if (at < 0) return;
  const row = first + Math.floor(at / (rows.length / x.size(0)));
  throw new UsageError(
    `${source}: sample ${row} has values that are NaN or infinite: take it out or repair it`,
  );
}

/** How samples of a run look, for messages: [n, 1, 28, 28]. */
export const wanted = ({ shape }: Trained): string => `[n, ${shape.join(", ")}]`;

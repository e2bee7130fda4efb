import { printable } from "@dsbm/files";
import { duration, secondsLeft } from "./duration.js";

/** The numbers of the progress line. */
export interface ProgressState {
  /** What is running, such as "1/6 b". */
  label: string;
  /** Finished steps. */
  step: number;
  /** Undefined if unknown. */
  steps?: number;
  /** Steps per second. */
  rate?: number;
  /** Seconds until the run ends (default: until the last step, by the rate). */
  left?: number | null;
  /** Loss of a recent step. */
  loss?: number;
}

/** Rows [n, d] in row-major order. */
export interface NumberRows {
  /** n times d. */
  data: Float32Array | Float64Array;
  /** [n, d]. */
  shape: readonly [rows: number, columns: number];
}

/** Held-out rows on their way under the networks in training, in the data's own units. */
export interface TrainingPaths {
  /** The direction in training. */
  direction: "f" | "b";
  /** Names of the columns of all rows. */
  columns: string[];
  /** Held-out rows of the source. */
  source: NumberRows;
  /** Held-out rows of the target. */
  target: NumberRows;
  /** Rows on their way, from their start on. */
  states: NumberRows[];
}

/** The progress line of a terminal. */
export interface Progress {
  /** Shows the state. Drops calls in quick succession. */
  update(state: ProgressState): void;
  /** Prints a line that stays. */
  line(text: string): void;
  /** Ends the progress line. */
  done(): void;
  /** Shows how held-out rows move at present (default: nobody asks, and nothing is sampled). */
  paths?(paths: TrainingPaths): void;
}

const shortNumber = (x: number): string =>
  x !== 0 && (Math.abs(x) < 1e-3 || Math.abs(x) >= 1e5) ? x.toExponential(1) : x.toPrecision(4);

/** Estimated seconds until the end: as the state says, or by its steps and its rate; null if unknown. */
export function secondsToEnd({ step, steps, rate, left }: ProgressState): number | null {
  return left ?? (rate && steps !== undefined ? secondsLeft(steps - step, rate) : null);
}

/** A line of progress: label, steps, rate, loss and the estimated time left. */
export function progressText(state: ProgressState): string {
  const { label, step, steps, rate, loss } = state;
  const parts = [label, steps === undefined ? `${step}` : `${step}/${steps}`];
  if (rate !== undefined && rate > 0 && Number.isFinite(rate))
    parts.push(`${rate >= 100 ? rate.toFixed(0) : rate.toPrecision(3)} it/s`);
  if (loss !== undefined) parts.push(`loss ${shortNumber(loss)}`);
  const seconds = secondsToEnd(state);
  if (seconds !== null) parts.push(`ETA ${duration(seconds)}`);
  return parts.join("  ");
}

/** Shows how many rows of a file are done; a total of null is unknown. */
export const showRows =
  (progress: Progress, label: string) =>
  ({ done, total }: { done: number; total: number | null }): void =>
    progress.update({ label, step: done, ...(total !== null && { steps: total }) });

/** Shows nothing: for ranks above 0. */
export const silentProgress: Progress = { update: () => {}, line: () => {}, done: () => {} };

/**
 * Progress on a stream (default stderr): redrawn every 0.1 s on a terminal, a line every 10 s
 * elsewhere.
 */
export function createProgress({
  stream = process.stderr,
}: {
  stream?: NodeJS.WriteStream;
} = {}): Progress {
  const live = Boolean(stream.isTTY) && process.env.TERM !== "dumb";
  const pause = live ? 100 : 10_000;
  let last = Number.NEGATIVE_INFINITY;
  let drawn = false;
  const clear = () => {
    if (drawn) stream.write("\r\x1b[2K");
    drawn = false;
  };
  return {
    update(state) {
      const now = performance.now();
      if (now - last < pause) return;
      last = now;
      // In a file a line about step 0 has no use.
      const isBegin = !live && state.step === 0;
      const text = printable(isBegin ? state.label : progressText(state));
      clear();
      stream.write(live ? text.slice(0, Math.max(20, (stream.columns ?? 80) - 1)) : `${text}\n`);
      drawn = live;
    },
    line(text) {
      clear();
      stream.write(`${printable(text)}\n`);
    },
    done: clear,
  };
}

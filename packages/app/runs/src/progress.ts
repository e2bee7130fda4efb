import { printable } from "@dsbm/files";

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

/** The progress line of a terminal. */
export interface Progress {
  /** Shows the state. Drops calls in quick succession. */
  update(state: ProgressState): void;
  /** Prints a line that stays. */
  line(text: string): void;
  /** Ends the progress line. */
  done(): void;
}

/** Seconds as 42s, 3m07s, 1h05m or 5d03h. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const s = Math.max(0, Math.round(seconds));
  const pad = (n: number) => String(n).padStart(2, "0");
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${pad(s % 60)}s`;
  if (s < 360_000) return `${Math.floor(s / 3600)}h${pad(Math.floor((s % 3600) / 60))}m`;
  return `${Math.floor(s / 86_400)}d${pad(Math.floor((s % 86_400) / 3600))}h`;
}

const shortNumber = (x: number): string =>
  x !== 0 && (Math.abs(x) < 1e-3 || Math.abs(x) >= 1e5) ? x.toExponential(1) : x.toPrecision(4);

export function progressText({ label, step, steps, rate, loss, left }: ProgressState): string {
  const parts = [label, steps === undefined ? `${step}` : `${step}/${steps}`];
  if (rate !== undefined && rate > 0)
    parts.push(`${rate >= 100 ? rate.toFixed(0) : rate.toPrecision(3)} it/s`);
  if (loss !== undefined) parts.push(`loss ${shortNumber(loss)}`);
  const rest = left ?? (rate && steps !== undefined ? (steps - step) / rate : null);
  if (rest !== null && rest !== undefined) parts.push(`ETA ${duration(rest)}`);
  return parts.join("  ");
}

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

/** Elapsed and remaining seconds of a run. */
export class Clock {
  readonly #now: () => number;
  #began: number;

  /** `seconds` after `began` (default: now), in seconds of `now`; null: no limit. */
  constructor(
    /** The time limit; null: no limit. */
    readonly seconds: number | null = null,
    {
      now = () => performance.now() / 1000,
      began = now(),
    }: { now?: () => number; began?: number } = {},
  ) {
    this.#now = now;
    this.#began = began;
  }

  /** Seconds so far, earlier processes included. */
  get spent(): number {
    return this.#now() - this.#began;
  }

  /** Seconds left; infinite without a limit. */
  get left(): number {
    return this.seconds === null
      ? Number.POSITIVE_INFINITY
      : Math.max(0, this.seconds - this.spent);
  }

  /** Whether no time is left. */
  get isUp(): boolean {
    return this.left === 0;
  }

  /** Counts seconds of an earlier process. */
  resume(seconds: number): void {
    this.#began -= seconds;
  }

  /** A clock for a share of the time left, at most `most` seconds. */
  part(share: number, most = Number.POSITIVE_INFINITY): Clock {
    const limit = Math.min(most, share * this.left);
    return new Clock(Number.isFinite(limit) ? limit : null, { now: this.#now });
  }
}

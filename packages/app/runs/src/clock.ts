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

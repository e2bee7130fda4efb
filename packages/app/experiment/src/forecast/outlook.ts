// How long a run is, and how long the rest of it takes at the speed that it has shown.
import type { CompleteTrainConfig } from "@dsbm/config";
import { duration } from "@dsbm/runs";
import type { TrainEvent } from "@dsbm/train";
import type { Speed } from "./speed.js";

/** How long a run is: its half-iterations and their steps. */
export interface Length {
  halves: number;
  stepsOf(half: number): number;
}

/** "4 half-iterations: 2 of 600 steps, 2 of 200; 1,600 steps in all". */
export function lengthText({ halves, stepsOf }: Length): string {
  const groups: { n: number; steps: number }[] = [];
  for (let half = 1; half <= halves; half++) {
    const [steps, last] = [stepsOf(half), groups.at(-1)];
    if (last?.steps === steps) last.n++;
    else groups.push({ n: 1, steps });
  }
  const total = groups.reduce((sum, { n, steps }) => sum + n * steps, 0);
  const text = (n: number) => n.toLocaleString("en-US");
  const parts = groups.map(({ n, steps }) => `${n} of ${text(steps)} steps`);
  const shown = parts.length > 4 ? [...parts.slice(0, 3), "…"] : parts;
  return `${text(halves)} half-iterations: ${shown.join(", ")}; ${text(total)} steps in all`;
}

type Step = Extract<TrainEvent, { type: "step" }>;
type Rates = Record<"first" | "later", number | null>;

/** Follows a run, and tells the seconds that are left of it. */
export class Outlook {
  /** Seconds of a step, of a pair to be simulated, of what is evaluated at once. */
  readonly #step: Rates = { first: null, later: null };
  #pair: number | null = null;
  #evaluation = { seconds: 0, times: 0 };
  /** The first report of the simulation in progress. */
  #cache: { time: number; done: number } | null = null;
  #began: number;
  #isTold = false;

  constructor(
    private readonly length: Length,
    private readonly config: CompleteTrainConfig,
    private readonly now: () => number = () => performance.now() / 1000,
  ) {
    this.#began = now();
  }

  /** Once, when steps have shown it: a line on how long the run takes from here; else null. */
  tell({ half, step, steps, rate }: Step): string | null {
    const left = this.left({ half, step });
    if (this.#isTold || left === null || (this.now() - this.#began < 1 && step < steps))
      return null;
    this.#isTold = true;
    const isWhole = this.#pair !== null || this.#caches(this.length.halves, 0) === 0;
    const rest = isWhole ? "" : ", simulations and evaluations not counted yet";
    const pace = rate >= 100 ? rate.toFixed(0) : rate.toPrecision(3);
    return `about ${duration(Math.max(1, left))} to go at ${pace} steps a second${rest}`;
  }

  follow(event: TrainEvent): void {
    if (event.type === "step" && event.rate > 0)
      this.#step[this.#kind(event.half)] = 1 / event.rate;
    if (event.type !== "cache") {
      this.#cache = null;
      return;
    }
    const { done } = event;
    if (this.#cache === null || done < this.#cache.done) this.#cache = { time: this.now(), done };
    else if (done > this.#cache.done)
      this.#pair = (this.now() - this.#cache.time) / (done - this.#cache.done);
  }

  /** What was measured before the run. */
  measured({ step, pair }: Speed): void {
    this.#step.first = step;
    this.#pair = pair;
  }

  /** After what is evaluated at once took so many seconds. */
  evaluated(seconds: number): void {
    this.#evaluation = {
      seconds: this.#evaluation.seconds + seconds,
      times: this.#evaluation.times + 1,
    };
  }

  /** Seconds from here to the end of the last half-iteration; null where no step was timed yet. */
  left({ half, step }: { half: number; step: number }): number | null {
    const { halves, stepsOf } = this.length;
    const each = this.#evaluation.seconds / Math.max(1, this.#evaluation.times);
    let seconds = 0;
    for (let h = half; h <= halves; h++) {
      const done = h === half ? step : 0;
      const one = this.#step[this.#kind(h)] ?? this.#step.first ?? this.#step.later;
      if (one === null) return null;
      const pairs = this.#caches(h, done) * this.config.cache_npar;
      const evaluations = countBetween(done, stepsOf(h), this.config.gif_stride);
      seconds += (stepsOf(h) - done) * one + pairs * (this.#pair ?? 0) + evaluations * each;
    }
    return seconds;
  }

  #kind(half: number): keyof Rates {
    return half <= this.config.first_pass ? "first" : "later";
  }

  /** Simulations of a half-iteration that are to come after a step. */
  #caches(half: number, step: number): number {
    const { cache, cache_refresh_stride: stride, first_pass } = this.config;
    if (cache !== "disk" || half <= first_pass) return 0;
    return Math.ceil(this.length.stepsOf(half) / stride) - Math.ceil(step / stride);
  }
}

/** Multiples of a stride after `from`, up to `to`, and `to` itself. */
function countBetween(from: number, to: number, stride: number): number {
  if (from >= to) return 0;
  const multiples = Math.floor(to / stride) - Math.floor(from / stride);
  return multiples + (to % stride === 0 ? 0 : 1);
}

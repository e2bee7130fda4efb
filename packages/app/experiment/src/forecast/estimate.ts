import type { CompleteTrainConfig } from "@dsbm/config";
import type { TrainEvent } from "@dsbm/train";
import type { Speed } from "./speed.js";

type TimedConfig = Pick<
  CompleteTrainConfig,
  "first_pass" | "cache" | "cache_npar" | "cache_refresh_stride"
>;

const most = 30;
/** Seconds of a window. Shorter windows measure how the machine shares its processors. */
const window = 0.5;

/**
 * Median over the newest windows, so that a pause of the machine or a recording step does not move
 * it.
 */
class Recent {
  #windows: number[] = [];
  #open = { seconds: 0, count: 0 };

  add(seconds: number, count = 1): void {
    this.#open.seconds += seconds;
    this.#open.count += count;
    if (this.#open.seconds < window) return;
    this.#windows.push(this.#open.seconds / this.#open.count);
    if (this.#windows.length > most) this.#windows.shift();
    this.#open = { seconds: 0, count: 0 };
  }

  /** Seconds of a part; null before the first. */
  get median(): number | null {
    const { seconds, count } = this.#open;
    const all = [...this.#windows, ...(count > 0 ? [seconds / count] : [])].sort((a, b) => a - b);
    return all[Math.floor((all.length - 1) / 2)] ?? null;
  }
}

export class TimeEstimate {
  readonly #steps = new Recent();
  readonly #pairs = new Recent();
  readonly #evaluations = new Recent();
  #last: number;
  #pairsDone = 0;
  /** Seconds assumed before the first measurement. */
  #assumed: { step: number | null; pair: number; evaluation: number };

  constructor(
    private readonly config: TimedConfig,
    {
      now = () => performance.now() / 1000,
      speed,
      evaluation = 0,
    }: { now?: () => number; speed?: Speed | undefined; evaluation?: number } = {},
  ) {
    this.now = now;
    this.#last = now();
    this.#assumed = { step: speed?.step ?? null, pair: speed?.pair ?? 0, evaluation };
  }

  readonly now: () => number;

  follow(event: TrainEvent): void {
    if (event.type === "start") this.restart();
    if (event.type !== "cache") return;
    const seconds = this.#lap();
    const pairs = event.done - this.#pairsDone;
    this.#pairsDone = event.done;
    if (event.done === 0 || pairs <= 0) return;
    this.#pairs.add(seconds, pairs);
  }

  /** Call after each step. */
  stepped(): void {
    this.#steps.add(this.#lap());
  }

  evaluated(seconds: number): void {
    this.#evaluations.add(seconds);
    this.restart();
  }

  /** Call after other work than steps and simulations. */
  restart(): void {
    this.#lap();
  }

  /** Seconds of a step; null before the first step. */
  get step(): number | null {
    return this.#steps.median ?? this.#assumed.step;
  }

  simulation(half: number): number {
    const { cache, cache_npar, first_pass } = this.config;
    if (cache !== "disk" || half <= first_pass) return 0;
    return cache_npar * (this.#pairs.median ?? this.#assumed.pair);
  }

  get evaluation(): number {
    return this.#evaluations.median ?? this.#assumed.evaluation;
  }

  #lap(): number {
    const now = this.now();
    const seconds = now - this.#last;
    this.#last = now;
    return seconds;
  }
}

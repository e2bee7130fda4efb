// Plans the steps of half-iterations so that a run ends in time although the machine's speed
// changes.
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Position } from "@dsbm/problem";
import { Clock } from "@dsbm/runs";
import type { TrainEvent } from "@dsbm/train";
import type { Speed } from "./speed.js";

/** The training, or a stand-in. */
export interface Planned {
  plan(half: number, steps: number): void;
  stepsOf(half: number): number;
}

interface TimeLimit {
  /** Without a limit the configuration's steps apply. */
  clock: Clock;
  /** Seconds kept for evaluation and report. */
  reserve: number;
  most: number;
}

type PlannedConfig = Pick<
  CompleteTrainConfig,
  "half_iterations" | "fb_sequence" | "cache_refresh_stride"
>;

const shares = { first: 3, later: 1.5 };
const leastSteps = 20;
/** Seconds between two plans. */
const often = { least: 0.5, most: 5 };

/** The share of the time for evaluations between half-iterations. */
export const evaluationShare = 0.15;

export class TimePlan {
  readonly #halves: number;
  readonly #first: number;
  readonly #stride: number;
  #half = { number: 0, end: 0 };
  #lastPlan = 0;

  constructor(
    readonly limit: TimeLimit,
    config: PlannedConfig,
    readonly estimate: TimeEstimate,
  ) {
    this.#halves = config.half_iterations;
    this.#first = config.fb_sequence.length;
    this.#stride = config.cache_refresh_stride;
  }

  get clock(): Clock {
    return this.limit.clock;
  }

  /** Continues after `seconds` of earlier processes. */
  resume(seconds: number): void {
    this.clock.resume(seconds);
  }

  /** The time of one evaluation between half-iterations. */
  evaluationClock(): Clock {
    const { seconds } = this.clock;
    if (seconds === null) return this.clock.part(1);
    return this.clock.part(0.5, (evaluationShare * seconds) / this.#halves);
  }

  /** Steps of the half-iterations from `half` on, at the measured speed. */
  forecast(half = 1): number[] {
    const left = this.#left(half);
    return Array.from({ length: this.#halves - half + 1 }, (_, i) => {
      const time = this.#share(half + i, half) * left;
      return this.#bounded(Math.floor(time / this.#stepSeconds(half + i)));
    });
  }

  /** Call at the start of a half-iteration, or when a run resumes in one. */
  begin(training: Planned, half: number, step = 0): void {
    if (this.clock.seconds === null) return;
    const now = this.clock.spent;
    const end = now + this.#share(half, half) * this.#left(half);
    this.#half = { number: half, end };
    this.#lastPlan = now;
    if (step === 0) training.plan(half, this.forecast(half)[0]);
  }

  isDue(): boolean {
    const { seconds, spent } = this.clock;
    if (seconds === null) return false;
    const left = this.#half.end - spent;
    return (
      left <= 0 || spent - this.#lastPlan > Math.min(often.most, Math.max(often.least, left / 4))
    );
  }

  /** Plans the current half-iteration again, after `step` steps. */
  replan(training: Planned, { half, step }: Pick<Position, "half" | "step">): void {
    const { seconds, spent } = this.clock;
    this.#lastPlan = spent;
    if (seconds === null || half !== this.#half.number) return;
    const left = Math.max(0, this.#half.end - spent);
    if (left === 0) training.plan(half, step + 1);
    if (left === 0 || step < 10) return;
    const more = left / this.#stepSeconds(half);
    const planned = training.stepsOf(half);
    const steps = this.#bounded(step + Math.max(1, Math.floor(more)));
    if (Math.abs(steps - planned) > 0.01 * planned || steps - step < 50)
      training.plan(half, Math.max(steps, step + 1));
  }

  /** Whether the time allows no further iteration after a half-iteration. */
  isUp(half: number): boolean {
    const { seconds } = this.clock;
    if (half >= this.#halves || half % this.#first !== 0 || seconds === null) return false;
    const next = half + 1;
    const needed = this.estimate.simulation(next) + leastSteps * (this.estimate.step ?? 0);
    const share = this.#share(next, next) * this.#left(next);
    return share < needed || this.#left(next) < 0.02 * seconds;
  }

  #left(half: number): number {
    const evaluations = this.estimate.evaluation * (this.#halves - half + 1);
    return Math.max(0, this.clock.left - this.limit.reserve - evaluations);
  }

  #share(half: number, from: number): number {
    const share = (h: number) => (h <= this.#first ? shares.first : shares.later);
    let total = 0;
    for (let h = from; h <= this.#halves; h++) total += share(h);
    return share(half) / total;
  }

  /** Seconds of a step with its share of a simulation. */
  #stepSeconds(half: number): number {
    const { estimate } = this;
    return (estimate.step ?? 0) + estimate.simulation(half) / this.#stride;
  }

  #bounded(steps: number): number {
    return Math.max(leastSteps, Math.min(this.limit.most, steps));
  }
}

/** The steps of the configuration. */
export const unlimited = (config: CompleteTrainConfig): TimePlan =>
  new TimePlan({ clock: new Clock(), reserve: 0, most: 0 }, config, new TimeEstimate(config));

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

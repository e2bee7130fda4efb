// Plans the steps of half-iterations so that a run ends in time although the machine's speed
// changes.

import type { Direction } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Position } from "@dsbm/problem";
import type { Clock } from "@dsbm/runs";
import type { TrainEvent } from "@dsbm/train";
import type { Speed } from "./speed.js";

/** The training, or a stand-in. */
export interface PlannableTraining {
  setSteps(half: number, steps: number): void;
  stepsOf(half: number): number;
}

interface TimeLimit {
  /** The time limit; without one the configuration's steps apply. */
  clock: Clock;
  /** Seconds kept for evaluation and report. */
  reserve: number;
  /** The most steps of a half-iteration. */
  mostSteps(half: number): number;
}

type PlannedConfig = Pick<
  CompleteTrainConfig,
  | "half_iterations"
  | "fb_sequence"
  | "first_pass"
  | "cache"
  | "cache_npar"
  | "cache_refresh_stride"
  | "test_npar"
>;

const evaluationShares = { first: 3, later: 1.5 };
const leastSteps = 20;
/** Images that the smallest evaluation simulates. */
const leastRows = 10;
/** Seconds between two plans. */
const planSeconds = { least: 0.5, most: 5 };

/** Whether an evaluation takes too long for its part of the time, although it is cut to the part. */
const isOver = (seconds: number, part: Clock): boolean =>
  seconds > 1.5 * (part.seconds ?? Number.POSITIVE_INFINITY);

/** The share of the time for evaluations between half-iterations. */
export const evaluationShare = 0.15;

/** Evaluations during training are left to the end if the machine is slower. */
const mostSlowness = 2;

const mostMeasurements = 30;
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
    this.#windows.splice(0, this.#windows.length - mostMeasurements);
    this.#open = { seconds: 0, count: 0 };
  }

  /** Seconds of a part; null before the first. */
  get median(): number | null {
    const { seconds, count } = this.#open;
    const all = [...this.#windows, ...(count > 0 ? [seconds / count] : [])].sort((a, b) => a - b);
    return all[Math.floor((all.length - 1) / 2)] ?? null;
  }
}

/** Steps and evaluations of a training within a time limit, planned from measured times. */
export class TimePlan {
  readonly #made = performance.now();
  readonly #processor = process.cpuUsage();
  #half = { number: 0, end: 0 };
  #lastPlan = 0;
  readonly #steps = new Recent();
  readonly #pairs = new Recent();
  #evaluationSeconds: number | null = null;
  #last: number;
  #pairsDone = 0;
  /** Seconds of the smallest evaluation, if it is known. */
  #least: number;

  constructor(
    readonly limit: TimeLimit,
    private readonly config: PlannedConfig,
    /** Assumed before the first measurement. */
    private readonly assumed: Speed | null = null,
  ) {
    this.#last = this.clock.spent;
    this.#least = leastRows * (assumed?.pair ?? 0);
  }

  /** The clock of the time limit. */
  get clock(): Clock {
    return this.limit.clock;
  }

  /** Continues after `seconds` of earlier processes. Benchmarks also count their evaluations again. */
  resume(seconds: number): void {
    this.clock.resume(seconds);
  }

  /** The time of an evaluation between half-iterations; null if the smallest evaluation takes longer. */
  evaluationClock(): Clock | null {
    const { seconds } = this.clock;
    if (seconds === null) return this.clock;
    const part = this.clock.part(0.5, (evaluationShare * seconds) / this.config.half_iterations);
    return isOver(this.#least, part) || this.slowness > mostSlowness ? null : part;
  }

  /** How many times longer this process takes because of other programs, at least 1. */
  get slowness(): number {
    const { user } = process.cpuUsage(this.#processor);
    // A further second, so that short times are no slowness.
    return Math.max(1, (performance.now() - this.#made) / (1000 + user / 1000));
  }

  /** Steps of the half-iterations from `half` on, at the measured speed. */
  forecast(half = 1): number[] {
    const left = this.#left(half);
    return Array.from({ length: this.config.half_iterations - half + 1 }, (_, i) => {
      const time = this.#share(half + i, half) * left;
      return this.#bounded(half + i, Math.floor(time / this.#stepSeconds(half + i)));
    });
  }

  /** Seconds of the planned steps with their simulations. */
  get trainingSeconds(): number {
    return this.forecast().reduce((sum, steps, i) => sum + steps * this.#stepSeconds(i + 1), 0);
  }

  /** Call at the start of a half-iteration, or when a run resumes in one. */
  begin(training: PlannableTraining, half: number, step = 0): void {
    if (this.clock.seconds === null) return;
    const now = this.clock.spent;
    const part = this.#share(half, half) * this.#left(half);
    this.#half = { number: half, end: now + part };
    this.#lastPlan = now;
    if (step > 0) return;
    training.setSteps(half, part > this.#stepSeconds(half) ? this.forecast(half)[0] : 1);
  }

  /** Whether the current half-iteration needs a new plan. */
  isDue(): boolean {
    const { seconds, spent } = this.clock;
    if (seconds === null) return false;
    const left = this.#half.end - spent;
    return (
      left <= 0 ||
      spent - this.#lastPlan > Math.min(planSeconds.most, Math.max(planSeconds.least, left / 4))
    );
  }

  /** Plans the current half-iteration again, after `step` steps. */
  replan(training: PlannableTraining, { half, step }: Pick<Position, "half" | "step">): void {
    const { seconds, spent } = this.clock;
    this.#lastPlan = spent;
    if (seconds === null || half !== this.#half.number) return;
    const left = Math.max(0, this.#half.end - spent);
    if (left > 0 && step < 10) return;
    const more = Math.floor(left / this.#stepSeconds(half));
    training.setSteps(half, Math.max(left > 0 ? this.#bounded(half, step + more) : 0, step + 1));
  }

  /** Whether the time allows no further iteration after a half-iteration. */
  isUp(half: number): boolean {
    const { seconds } = this.clock;
    if (
      half >= this.config.half_iterations ||
      half % this.config.fb_sequence.length !== 0 ||
      seconds === null
    )
      return false;
    const next = half + 1;
    const needed = this.#simulation(next) + leastSteps * (this.step ?? 0);
    const share = this.#share(next, next) * this.#left(next);
    return share < needed;
  }

  /** Steps of each direction that had less than the least steps, because no time was left. */
  tooFewSteps(
    training: PlannableTraining,
    half: number,
  ): { direction: Direction; steps: number }[] {
    if (this.clock.seconds === null) return [];
    const steps = { f: 0, b: 0 };
    const least = { f: leastSteps, b: leastSteps };
    const sequence = this.config.fb_sequence;
    for (let h = 1; h <= half; h++) {
      const direction = sequence[(h - 1) % sequence.length];
      steps[direction] += training.stepsOf(h);
      least[direction] = Math.min(leastSteps, this.limit.mostSteps(h));
    }
    return [...new Set(sequence)].flatMap((direction) =>
      steps[direction] < least[direction] ? [{ direction, steps: steps[direction] }] : [],
    );
  }

  #left(half: number): number {
    const { seconds, left } = this.clock;
    const each = Math.min(this.#evaluation, this.evaluationClock()?.seconds ?? 0);
    // The final evaluation has two directions and a report.
    const reserve = Math.max(this.limit.reserve, Math.min(3 * this.#least, 0.5 * (seconds ?? 0)));
    return Math.max(0, left - reserve - each * (this.config.half_iterations - half + 1));
  }

  #share(half: number, from: number): number {
    const share = (h: number) =>
      h <= this.config.fb_sequence.length ? evaluationShares.first : evaluationShares.later;
    let total = 0;
    for (let h = from; h <= this.config.half_iterations; h++) total += share(h);
    return share(half) / total;
  }

  /** Seconds of a step with its share of a simulation. */
  #stepSeconds(half: number): number {
    return (this.step ?? 0) + this.#simulation(half) / this.config.cache_refresh_stride;
  }

  #bounded(half: number, steps: number): number {
    return Math.min(this.limit.mostSteps(half), Math.max(leastSteps, steps));
  }

  /** Measures the simulation of pairs from the events of a training. */
  follow(event: TrainEvent): void {
    if (event.type === "start") this.restart();
    if (event.type !== "cache") return;
    const seconds = this.restart();
    const pairs = event.done - this.#pairsDone;
    this.#pairsDone = event.done;
    if (event.done === 0 || pairs <= 0) return;
    this.#pairs.add(seconds, pairs);
  }

  /** Call after each step. */
  stepped(): void {
    this.#steps.add(this.restart());
  }

  /** Notes the seconds of an evaluation, which had `part` of the time. */
  evaluated(seconds: number, part: Clock): void {
    this.#evaluationSeconds = seconds;
    this.#least = isOver(seconds, part) ? seconds : 0;
    this.restart();
  }

  /** Seconds of a step; null before the first step. */
  get step(): number | null {
    return this.#steps.median ?? this.assumed?.step ?? null;
  }

  #simulation(half: number): number {
    const { cache, cache_npar, first_pass } = this.config;
    if (cache !== "disk" || half <= first_pass) return 0;
    return cache_npar * this.#pair;
  }

  get #evaluation(): number {
    return this.#evaluationSeconds ?? this.config.test_npar * this.#pair;
  }

  get #pair(): number {
    return this.#pairs.median ?? this.assumed?.pair ?? 0;
  }

  /** Call after other work than steps and simulations. Returns the seconds since the last call. */
  restart(): number {
    const { spent } = this.clock;
    const seconds = spent - this.#last;
    this.#last = spent;
    return seconds;
  }
}

// The time of a run: how many steps the half-iterations have so that everything ends in time, on a machine whose speed
// changes. The steps are planned anew while they run, and saved with the training's state.
import type { Row } from "@dsbm/runs";
import type { TrainEvent } from "@dsbm/train";

/** What a pace plans for: the training, or a stand-in. */
export interface Planned {
  plan(half: number, steps: number): void;
  stepsOf(half: number): number;
}

export interface PaceOptions {
  /** Seconds for everything; null: the steps of the configuration. */
  seconds: number | null;
  /** Seconds that are kept for evaluation and report at the end. */
  reserve: number;
  /** Seconds of the evaluation after a half-iteration, before one was measured. */
  evaluation?: number;
  halves: number;
  /** Half-iterations of the first iteration, which get more of the time. */
  first: number;
  /** Most steps of a half-iteration. */
  most: number;
  /** Seconds of a step, as they were measured: on the first coupling, and on simulated pairs. */
  step: { first: number; later: number };
  /** Steps between two simulations. */
  stride: number;
  earlyStop: boolean;
  now?: () => number;
}

/** Parts of the time: a half-iteration of the first iteration, and a later one. */
const shares = { first: 3, later: 1.5 };
/** Least steps of a half-iteration: fewer learn nothing. */
const leastSteps = 20;
/** Seconds between two plans, at most, and part of what is left. */
const often = 5;

export class Pace {
  readonly #options: PaceOptions;
  readonly #now: () => number;
  readonly #began: number;
  #used = 0;
  /** Of the half-iteration in progress: its number, and its end in seconds of this run. */
  #half = { number: 0, end: 0 };
  #simulated = { seconds: 0, times: 0 };
  #lastPlan = 0;
  /** How often the half-iteration in progress was planned anew. */
  #plans = 0;
  /** Since when the rate of steps is counted: the first ones record programs and measure threads. */
  #mark: { step: number; seconds: number; simulated: number } | null = null;
  /** Seconds of an evaluation, the last one. */
  #evaluation: number;
  #endedAt = 0;

  /** `used`: seconds that earlier processes spent on the run. */
  constructor(options: PaceOptions, { began }: { began?: number } = {}) {
    this.#options = options;
    this.#evaluation = options.evaluation ?? 0;
    this.#now = options.now ?? (() => performance.now() / 1000);
    this.#began = began ?? this.#now();
  }

  /** Seconds that are kept for evaluation and report at the end. */
  get reserve(): number {
    return this.#options.reserve;
  }

  /** Seconds of the run so far, in all processes. */
  get seconds(): number {
    return this.#used + this.#now() - this.#began;
  }

  /** Goes on after `seconds` of earlier processes. */
  resume(seconds: number): void {
    this.#used = seconds;
  }

  /** The steps that half-iterations from `half` on have, as it looks now. */
  forecast(half = 1): number[] {
    const { halves, first, step, most } = this.#options;
    return Array.from({ length: halves - half + 1 }, (_, i) => {
      const h = half + i;
      const each = h <= first ? step.first : step.later;
      const time = this.#timeOf(h, this.#left(half), half);
      return Math.max(leastSteps, Math.min(most, Math.floor(time / each)));
    });
  }

  /** Seconds that the run takes at least, with the fewest steps that are worth while. */
  get least(): number {
    const { halves, first, step, reserve } = this.#options;
    const early = Math.min(first, halves);
    const steps = leastSteps * (early * step.first + (halves - early) * step.later);
    return this.seconds + steps + this.#evaluation * halves + reserve;
  }

  /** Seconds left for training from a half-iteration on. */
  #left(half: number): number {
    const { seconds, reserve, halves } = this.#options;
    if (seconds === null) return Number.POSITIVE_INFINITY;
    return Math.max(0, seconds - reserve - this.seconds - this.#evaluation * (halves - half + 1));
  }

  #timeOf(half: number, left: number, from: number): number {
    const { halves, first } = this.#options;
    const share = (h: number) => (h <= first ? shares.first : shares.later);
    let total = 0;
    for (let h = from; h <= halves; h++) total += share(h);
    return (left * share(half)) / total;
  }

  /** At the beginning of a half-iteration, and where a run goes on in one. */
  begin(training: Planned, half: number, step = 0): void {
    if (this.#options.seconds === null) return;
    const now = this.seconds;
    this.#half = { number: half, end: now + this.#timeOf(half, this.#left(half), half) };
    this.#simulated = { seconds: 0, times: 0 };
    this.#lastPlan = now;
    this.#mark = null;
    this.#plans = 0;
    if (step === 0) training.plan(half, this.forecast(half)[0] as number);
  }

  /** Whether it is time to plan anew. */
  due(): boolean {
    if (this.#options.seconds === null) return false;
    const left = this.#half.end - this.seconds;
    // A forecast may be far from the truth: the first plans come soon.
    const soon = this.#mark === null || this.#plans < 4 ? 0.5 : often;
    return this.seconds - this.#lastPlan > Math.min(soon, Math.max(0.5, left / 4));
  }

  /** What happens in a half-iteration. */
  follow(event: TrainEvent): void {
    if (event.type === "simulate") {
      this.#simulated.seconds += event.seconds;
      this.#simulated.times++;
    }
    if (event.type === "half") this.#endedAt = this.seconds;
  }

  /** Plans the half-iteration in progress anew, at a pause after `step` steps. */
  replan(training: Planned, { half, step }: { half: number; step: number }): void {
    this.#lastPlan = this.seconds;
    this.#plans++;
    const { most, stride, first } = this.#options;
    if (this.#options.seconds === null || half !== this.#half.number) return;
    const { seconds: now } = this;
    const { seconds: simulated } = this.#simulated;
    this.#mark ??= { step, seconds: now, simulated };
    const done = step - this.#mark.step;
    if (done < 10) return;
    const each = (now - this.#mark.seconds - (simulated - this.#mark.simulated)) / done;
    const left = Math.max(0, this.#half.end - now);
    const simulation =
      half > first && this.#simulated.times > 0
        ? this.#simulated.seconds / this.#simulated.times
        : 0;
    // Steps with their share of the simulations; the one in use is paid for up to its end.
    const paid = simulation > 0 ? stride - (step % stride) : 0;
    const more =
      left < paid * each ? left / each : paid + (left - paid * each) / (each + simulation / stride);
    const planned = training.stepsOf(half);
    const steps = Math.min(most, Math.max(leastSteps, step + Math.max(1, Math.floor(more))));
    // A step more or less is not worth a change.
    if (Math.abs(steps - planned) > 0.01 * planned || steps - step < 50)
      training.plan(half, Math.max(steps, step + 1));
  }

  /** After a half-iteration and its evaluation. */
  evaluated(): void {
    this.#evaluation = Math.max(0, this.seconds - this.#endedAt);
  }

  /** The reason to end after this half-iteration, from the evaluations so far; null: go on. */
  ended(rows: readonly Row[], half: number): string | null {
    const { earlyStop, halves, first, seconds } = this.#options;
    if (half >= halves) return null;
    if (earlyStop && half > first && half % first === 0) {
      const errors = iterationErrors(rows, first);
      const last = errors.at(-1) as number;
      const before = Math.min(...errors.slice(0, -1));
      if (errors.length > 1 && last > 0.98 * before)
        return `held-out data are reached no better (sliced W2 ${last.toPrecision(3)} after ${before.toPrecision(3)})`;
    }
    if (seconds !== null && half % first === 0 && this.#left(half + 1) < 0.02 * seconds)
      return "the time is up";
    return null;
  }
}

/** Sliced distances to held-out data after each iteration, the mean of its directions. */
function iterationErrors(rows: readonly Row[], first: number): number[] {
  const sums = new Map<number, number[]>();
  for (const { half_iteration, sliced_w2, end_sample_var, data_sample_var } of rows) {
    const value =
      typeof sliced_w2 === "number"
        ? sliced_w2
        : Math.abs(Number(end_sample_var) / Number(data_sample_var) - 1);
    const iteration = Math.ceil(Number(half_iteration) / first);
    sums.set(iteration, [...(sums.get(iteration) ?? []), value]);
  }
  return [...sums.values()].map((all) => all.reduce((a, b) => a + b, 0) / all.length);
}

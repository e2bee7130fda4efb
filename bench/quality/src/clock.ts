// The time of a benchmark's run: planned as in `dsbm fit` if there is a limit, and noted after each
// half-iteration in the run folder, so that a resumed run knows its earlier time.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CompleteTrainConfig } from "@dsbm/config";
import { type PlannableTraining, TimePlan } from "@dsbm/experiment";
import { bridgeProcess } from "@dsbm/problem";
import { Clock as Countdown, type RunWriter, readJson } from "@dsbm/runs";
import type { TrainEvent } from "@dsbm/train";
import type { HalfTime } from "./benchmark.js";

const file = "clock.json";

/** What half-iterations took; empty for a run that noted none. */
export const readClock = (folder: string): HalfTime[] =>
  existsSync(join(folder, file)) ? (readJson(join(folder, file)) as HalfTime[]) : [];

export class Clock extends TimePlan {
  readonly #config: CompleteTrainConfig;
  #run: RunWriter | null = null;
  #halves: HalfTime[] = [];
  #planned: PlannableTraining | null = null;
  /** Seconds of evaluations so far, and when the last half-iteration ended. */
  #evaluations = 0;
  #ended = 0;

  /** `seconds`: of all training; null: the steps of the configuration. */
  constructor(config: CompleteTrainConfig, seconds: number | null) {
    const most = Math.max(config.first_num_iter, config.num_iter);
    const clock = new Countdown(seconds);
    // PlannableTraining again after some steps.
    super({ clock, reserve: 0, mostSteps: () => most }, config, { step: 0.002, pair: 0 });
    this.#config = config;
  }

  override follow(event: TrainEvent): void {
    super.follow(event);
    this.#note(event);
  }

  override evaluated(seconds: number, part: Countdown): void {
    super.evaluated(seconds, part);
    this.#evaluations += this.clock.spent - this.#ended;
  }

  open(run: RunWriter): void {
    this.#run = run;
    this.#halves = readClock(run.paths.folder);
  }

  override resume(seconds: number): void {
    super.resume(seconds);
    // A checkpoint in or before a half-iteration that was noted: it ends again.
    this.#halves = this.#halves.filter(({ elapsed }) => elapsed <= seconds);
    const last = this.#halves.at(-1);
    this.#evaluations = last ? last.elapsed - last.seconds : 0;
  }

  /** Benchmarks are measured whole. */
  override evaluationClock(): Countdown {
    return new Countdown();
  }

  override begin(training: PlannableTraining, half: number, step = 0): void {
    this.#planned = training;
    super.begin(training, half, step);
  }

  #note(event: TrainEvent): void {
    if (event.type !== "half" || !this.#planned) return;
    const { half } = event;
    const before = this.#halves.filter((one) => one.half < half);
    const steps = this.#planned.stepsOf(half);
    this.#ended = this.clock.spent;
    this.#halves = [
      ...before,
      {
        half,
        steps: (before.at(-1)?.steps ?? 0) + steps,
        seconds: this.#ended - this.#evaluations,
        elapsed: this.#ended,
        evaluations: (before.at(-1)?.evaluations ?? 0) + this.#rows(half, steps),
      },
    ];
    this.#run?.saveFile(file, `${JSON.stringify(this.#halves)}\n`);
  }

  /** Evaluations of networks in a half-iteration: the batches, and the simulations that make them. */
  #rows(half: number, steps: number): number {
    const { batch_size, first_pass, num_repeat_data, cache_num_steps } = this.#config;
    const { cache, cache_npar, cache_refresh_stride, online_cache } = this.#config;
    const { model, rows } = bridgeProcess(this.#config).method;
    if (model?.fit) return 0;
    const online = rows?.simulation === "step";
    const isCached = cache === "disk" && (!online || online_cache);
    const pairs = isCached
      ? Math.ceil(steps / cache_refresh_stride) * cache_npar
      : (steps * batch_size) / num_repeat_data;
    const isSimulated = half > first_pass && rows?.simulation !== "never";
    const ways = online ? 2 : 1;
    return ways * (steps * batch_size + (isSimulated ? pairs * cache_num_steps : 0));
  }
}

import type { CompleteTrainConfig } from "@dsbm/config";
import type { KnownRows } from "@dsbm/data";
import { type Datasets, isVectors } from "@dsbm/datasets";
import { Evaluator, subjectOf } from "@dsbm/evaluation";
import { Bridge, gridOf } from "@dsbm/inference";
import {
  checkpointId,
  evaluatedDirections,
  type Position,
  stepsBefore,
  threadsOf,
  trainingProblem,
} from "@dsbm/problem";
import {
  type CheckpointStore,
  Clock,
  describeResult,
  type Logger,
  loggers,
  metricName,
  namedMetrics,
  openCheckpoints,
  type RunWriter,
  readCsv,
  readLogged,
  version,
} from "@dsbm/runs";
import { io, TorchError } from "@dsbm/torch";
import { type TrainEvent, Training, withExecution } from "@dsbm/train";
import { TimePlan } from "../forecast/time-plan.js";
import { writeEvaluationPictures } from "../picture/pictures.js";
import { encodePoint, restorePoint, startFromFiles } from "./checkpoint.js";
import { saveColumns, savePairs, saveProjection } from "./columns.js";
import { describeStep, type MainWork, type Next, runCourse } from "./ranks.js";
import { writeReport } from "./report.js";
import type { RunOptions } from "./run.js";

export class ExperimentRun implements MainWork {
  readonly #training: Training;
  readonly #store: CheckpointStore;
  #evaluator: Evaluator | null = null;
  #logger: Logger | null = null;
  #lastSaved = performance.now();
  readonly #time: TimePlan;
  #at: Position = { half: 0, direction: "b", step: 0 };
  #began = { spent: 0, done: 0 };

  constructor(
    private readonly config: CompleteTrainConfig,
    private readonly options: RunOptions,
    private readonly datasets: Datasets,
    private readonly run: RunWriter,
    pairs: KnownRows | null,
  ) {
    const problem = trainingProblem(config, datasets, { cacheFolder: run.paths.cache, pairs });
    const { ranks = null, time } = options;
    this.#training = new Training(withExecution(problem, { ranks }));
    this.#time = time ?? new TimePlan({ clock: new Clock(), reserve: 0, most: 0 }, config);
    const { keep_last } = config;
    this.#store = openCheckpoints(run.paths.checkpoints, { dsbm: version, keep_last });
  }

  /** Whether a time limit plans the steps. */
  get #isPlanned(): boolean {
    return this.#time.clock.seconds !== null;
  }

  get #halves(): number {
    return this.config.half_iterations;
  }

  async go(): Promise<"finished" | "interrupted"> {
    const { config, options, run } = this;
    const { progress, signal } = options;
    const training = this.#training;
    const size = training.state.networks.b.parameterCount().toLocaleString("en-US");
    const { method } = training.problem.method;
    const name = method.plan ? config.method : config.model.name;
    const ways = method.networks === "each" ? "each way" : "for both ways";
    if (!method.model?.fit) progress.line(`${name} of ${size} parameters ${ways}`);
    const at = this.#restore();
    const steps = this.#stepsBefore({ half: this.#halves + 1, step: 0 });
    if (!this.#isPlanned) progress.line(`${this.#halves} half-iterations, ${steps} steps in all`);
    run.rewindTo({ half_iteration: at.half, step: at.step });
    this.#at = at;
    const next = await runCourse(training, this, {
      signal,
      pauseAt: ({ step }) => {
        this.#time.stepped();
        return (
          step % config.checkpoint_stride === 0 ||
          step % config.gif_stride === 0 ||
          this.#minutesUp() ||
          this.#time.isDue()
        );
      },
    });
    progress.done();
    return next === "end" ? "finished" : "interrupted";
  }

  async begin(): Promise<Next> {
    const { config, options, run, datasets } = this;
    const at = this.#at;
    const { progress, signal } = options;
    const training = this.#training;
    this.#logger = loggers[config.LOGGER](run.paths.folder, this.#stepsBefore(at) + 1);
    saveColumns(datasets, { run, progress });
    savePairs(config, run);
    saveProjection(datasets, run);
    const bridge = Bridge.live(training, { config, datasets, folder: run.paths.folder });
    const how = { split: "test", threads: threadsOf(config), progress, signal } as const;
    this.#evaluator = await Evaluator.open(subjectOf(bridge, datasets), how);
    if (!this.#evaluator) return "interrupted";
    if (this.#evaluationPending(at) && !(await this.#evaluate(at))) return "interrupted";
    const isDone = at.step === training.stepsOf(at.half) || at.half === 0;
    if (isDone && at.half > 0 && this.#time.isUp(at.half)) return "end";
    this.#time.begin(training, isDone ? at.half + 1 : at.half, isDone ? 0 : at.step);
    this.#began = { spent: this.#time.clock.spent, done: this.#stepsBefore(at) };
    return "train";
  }

  async end(): Promise<Next> {
    const { config, options, run, datasets } = this;
    const { progress, signal } = options;
    const training = this.#training;
    progress.done();
    if (this.#time.isUp(training.state.half))
      progress.line(`ended after half-iteration ${training.state.half}: the time is up`);
    else if (signal?.aborted && training.state.half < this.#halves) return "interrupted";
    if (config.LOGGER === "Wandb")
      progress.line(
        `to send it to Weights & Biases: wandb sync ${config.wandb_id ? `--id ${config.wandb_id} ` : ""}${run.paths.folder}/tensorboard`,
      );
    if ((await options.trained?.(run, datasets, readCsv(run.paths.results_csv).rows)) === false)
      return "interrupted";
    const { folder } = run.paths;
    if (datasets.exact)
      await this.#writeTrajectories(Bridge.live(training, { config, datasets, folder }));
    run.flush();
    await writeReport(folder);
    // Remove files that the last checkpoint could not remove.
    this.#tidy();
    return "end";
  }

  /** Writes test points, and backward paths from them by each number of steps, [steps + 1, n, d]. */
  async #writeTrajectories(bridge: Bridge): Promise<void> {
    const { config, datasets, run } = this;
    for (const end of ["x0", "x1"] as const)
      run.saveFile(`${end}_test.npy`, io.encodeNpy(datasets[end].test));
    for (const [i, steps] of config.test_num_steps.entries()) {
      const { states } = await bridge.paths(datasets.x1.test, {
        direction: "b",
        grid: gridOf(bridge.trained, steps),
        seed: config.seed,
        purpose: `trajectory/${steps}`,
      });
      run.saveFile(i === 0 ? "traj.npy" : `traj_${steps}.npy`, io.encodeNpy(states));
      states.dispose();
    }
  }

  #tidy(): void {
    for (const warning of this.#store.tidy()) this.options.progress.line(warning);
  }

  #minutesUp(): boolean {
    const { checkpoint_minutes } = this.config;
    return (
      checkpoint_minutes !== null &&
      performance.now() - this.#lastSaved > 60_000 * checkpoint_minutes
    );
  }

  /** Seconds until the run ends, in proportion to the steps since training began. */
  #left(at: Position): number {
    const { seconds, spent, left } = this.#time.clock;
    if (seconds !== null) return left;
    const { spent: before, done } = this.#began;
    const now = this.#stepsBefore(at);
    const all = this.#stepsBefore({ half: this.#halves + 1, step: 0 });
    return ((spent - before) / (now - done)) * (all - now);
  }

  #restore(): Position {
    const { config, options } = this;
    const { progress } = options;
    const { checkpoint, damaged } = this.#store.newest();
    for (const { id, damage } of damaged)
      progress.line(
        `checkpoint ${id} cannot be used (${damage}); resuming from the previous checkpoint`,
      );
    if (!checkpoint) {
      if (damaged.length > 0) progress.line("all checkpoints are damaged: starting over");
      if (!config.checkpoint_run) return { half: 0, direction: "b", step: 0 };
      const at = startFromFiles(this.#training, config);
      progress.line(
        `starting from the given files at iteration ${config.checkpoint_it} ${at.direction}, step ${at.step}`,
      );
      return at;
    }
    const at = restorePoint(this.#training, checkpoint);
    const { seconds } = checkpoint.facts;
    if (typeof seconds === "number") this.#time.resume(seconds);
    this.#store.dropAfter(checkpoint.order);
    this.#tidy();
    progress.line(`resuming from checkpoint ${checkpoint.id}`);
    if (config.autostart_next_it && this.#training.skipHalf())
      progress.line("autostart_next_it: the half-iteration in progress ends here");
    return at;
  }

  #label({ half, direction }: Pick<Position, "half" | "direction">): string {
    return `half-iteration ${half}/${this.#halves} ${direction}`;
  }

  async follow(event: TrainEvent): Promise<Next> {
    const { progress } = this.options;
    const label = this.#label(event);
    const place = `${event.half}/${this.#halves} ${event.direction}`;
    this.#time.follow(event);
    switch (event.type) {
      case "start":
        progress.line(`${label}: ${describeStep(event)}`);
        return "train";
      case "cache":
        progress.update({
          label: `${place} simulating pairs`,
          step: event.done,
          steps: event.total,
        });
        return "train";
      case "step":
        this.#log(event);
        progress.update({
          ...event,
          label: place,
          rate: 1 / (this.#time.step ?? 1 / event.rate),
          left: this.#left(event),
        });
        return "train";
      case "pause":
        this.#time.replan(this.#training, event);
        if (this.#isPlanned && !this.#minutesUp()) return "train";
        this.#save(event);
        if (event.step % this.config.gif_stride === 0 && !(await this.#evaluate(event)))
          return "interrupted";
        this.#time.restart();
        return "train";
      case "stopped":
        this.#save(event);
        progress.line(
          `stopped in ${label} at step ${event.step} of ${event.steps}; the state up to this step is saved`,
        );
        return "interrupted";
      case "half":
        return await this.#endHalf(event);
      default:
        return "train";
    }
  }

  async #endHalf(event: Extract<TrainEvent, { type: "half" }>): Promise<Next> {
    const { half, direction, seconds } = event;
    const at = { half, direction, step: this.#training.stepsOf(half) };
    this.options.progress.line(`${this.#label(at)}: trained in ${seconds.toFixed(1)} s`);
    this.run.saveFile(
      `models/${half}_${direction}.safetensors`,
      io.encodeTensors(this.#training.state.samplers[direction].stateDict(), {
        dsbm: version,
        half_iteration: String(half),
        direction,
        shape: JSON.stringify(this.datasets.shape),
      }),
    );
    this.#save(at);
    const isWhole = await this.#evaluate(at);
    if (!isWhole) return "interrupted";
    if (this.#time.isUp(half)) return "end";
    if (half < this.#halves) this.#time.begin(this.#training, half + 1);
    return "train";
  }

  #stepsBefore(at: Pick<Position, "half" | "step">): number {
    return stepsBefore(at, (half) => this.#training.stepsOf(half));
  }

  #log(event: Extract<TrainEvent, { type: "step" }>): void {
    const { half, direction, step, loss, rate, gradNorm } = event;
    const metrics = { loss, rate, ...(gradNorm !== null && { grad_norm: gradNorm }) };
    this.run.appendMetric({ half_iteration: half, direction, step, ...metrics });
    this.#logger?.log(
      this.#stepsBefore(event),
      namedMetrics({ direction, stage: "train" }, metrics),
    );
  }

  #save({ half, direction, step }: Position): void {
    const at = { half, direction, step };
    this.run.flush();
    this.#logger?.flush();
    const { warnings } = this.#store.save(
      encodePoint(this.#training, at, {
        config: this.config,
        order: this.#stepsBefore(at),
        seconds: this.#time.clock.spent,
      }),
    );
    for (const warning of warnings) this.options.progress.line(warning);
    this.#lastSaved = performance.now();
  }

  /** Open evaluations of a position. */
  #pending({ half, direction, step }: Position): { at: Position; steps: number }[] {
    const { config, datasets, run } = this;
    const { method } = this.#training.problem.method;
    const done = readCsv(run.paths.results_csv).rows.filter(
      (row) => row.half_iteration === half && row.step === step,
    );
    return evaluatedDirections(direction, { datasets, method })
      .flatMap((d) =>
        config.test_num_steps.map((steps) => ({ at: { half, direction: d, step }, steps })),
      )
      .filter(
        ({ at, steps }) =>
          !done.some((row) => row.direction === at.direction && row.steps === steps),
      );
  }

  #evaluationPending(at: Position): boolean {
    const { half, step } = at;
    if (half === 0 || step === 0) return false;
    return step === this.#training.stepsOf(half) || step % this.config.gif_stride === 0;
  }

  async #evaluate({ half, direction, step }: Position): Promise<boolean> {
    const part = this.#time.evaluationClock();
    for (const { at, steps } of this.#pending({ half, direction, step })) {
      if (part) {
        if (!(await this.#evaluateOne(at, steps, part))) return false;
        continue;
      }
      // A report has a view of each direction with a row.
      this.run.appendResult({ half_iteration: half, direction: at.direction, step, steps, n: 0 });
      this.options.progress.line(
        `${this.#label(at)}: evaluated at the end, since the time is short`,
      );
    }
    if (part) this.#time.evaluated(part.spent, part);
    return true;
  }

  async #evaluateOne(at: Position, steps: number, clock: Clock): Promise<boolean> {
    const { config, datasets, run, options } = this;
    const { progress } = options;
    const training = this.#training;
    const grid = gridOf({ grid: training.problem.schedule.grid, chain: datasets.chain }, steps);
    const sampling = { solver: "sde", grid, steps, batch: config.test_batch_size } as const;
    using evaluation = (await this.#evaluator?.evaluate(at, sampling, clock)) ?? null;
    if (!evaluation) {
      progress.line(`stopped in the evaluation of ${this.#label(at)}; the parameters are saved`);
      return false;
    }
    const id = checkpointId(at, config);
    const pictures = this.#isDrawn(at, steps)
      ? await writeEvaluationPictures(evaluation, { id, run })
      : [];
    const place = { direction: at.direction, stage: "test" } as const;
    const before = this.#stepsBefore(at);
    this.#logger?.log(before, namedMetrics(place, evaluation.result));
    this.#logger?.images(
      before,
      Object.fromEntries(pictures.map(([name, png]) => [metricName(place, name), png])),
    );
    // The row comes last: it marks a complete evaluation.
    run.appendResult(evaluation.result);
    const result = describeResult(readLogged(run.paths.folder), evaluation.result);
    progress.line(
      `${this.#label(at)} step ${at.step}, ${steps} steps: during training, ${result}  (${id})`,
    );
    return true;
  }

  /**
   * Only the first number of steps is drawn. Vectors are drawn only in the last half-iterations,
   * unless plot_level is 3.
   */
  #isDrawn({ half }: Position, steps: number): boolean {
    const { config, datasets } = this;
    if (steps !== config.test_num_steps[0]) return false;
    if (!isVectors(datasets) || config.plot_level >= 3) return true;
    return half > this.#halves - config.fb_sequence.length;
  }

  explained(error: unknown): unknown {
    if (error instanceof TorchError && error.code === "ERR_TORCH_MEMORY")
      return new TorchError(
        error.code,
        `${error.message}: write accumulate=${2 * this.config.accumulate} or more, model.use_checkpoint=true for images, or a smaller batch_size, cache_batch_size and test_batch_size`,
        { op: error.op },
      );
    return error;
  }

  dispose(): void {
    this.#logger?.close();
    this.#evaluator?.[Symbol.dispose]();
    this.#training.dispose();
  }
}

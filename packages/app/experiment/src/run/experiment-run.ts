import type { CompleteTrainConfig } from "@dsbm/config";
import type { KnownRows } from "@dsbm/data";
import type { Datasets } from "@dsbm/datasets";
import { nounOf, shellWord } from "@dsbm/files";
import { Bridge, type OpenTeacher, openTeacher } from "@dsbm/inference";
import { type Position, trainingProblem } from "@dsbm/problem";
import { Clock, directionNames, type RunWriter, readCsv, version } from "@dsbm/runs";
import { io, TorchError } from "@dsbm/torch";
import { type TrainEvent, Training, withExecution } from "@dsbm/train";
import { TimePlan } from "../forecast/time-plan.js";
import { saveColumns, saveEncoding, savePairs } from "./columns.js";
import { drive, type Next, type TrainingWork } from "./driver.js";
import { saveHeldOut } from "./held-out.js";
import { allSteps, halvesOf, positionLabel } from "./position.js";
import { describeStep } from "./ranks.js";
import { writeReport } from "./report.js";
import type { RunOptions } from "./run.js";
import { writeTrajectories } from "./run-arrays.js";
import { RunCheckpoints } from "./run-checkpoints.js";
import { RunEvaluations } from "./run-evaluations.js";
import { TrainingLog } from "./training-log.js";
import { TrainingPathsView } from "./training-paths.js";
import { warn } from "./warning.js";

/** One run: its training with checkpoints and evaluations, and its report. */
export class ExperimentRun implements TrainingWork {
  readonly #training: Training;
  readonly #time: TimePlan;
  readonly #log: TrainingLog;
  readonly #checkpoints: RunCheckpoints;
  readonly #evaluations: RunEvaluations;
  readonly #teacher: OpenTeacher | null;
  /** The bridge with the present weights. */
  readonly #bridge: Bridge;
  readonly #paths: TrainingPathsView;
  #at: Position = { half: 0, direction: "b", step: 0 };

  /**
   * Builds the networks.
   * @throws the errors of the training problem.
   */
  constructor(
    private readonly config: CompleteTrainConfig,
    private readonly options: RunOptions,
    private readonly datasets: Datasets,
    private readonly run: RunWriter,
    pairs: KnownRows | null,
  ) {
    const teacher = openTeacher(run.paths.folder, config, datasets.shape);
    this.#teacher = teacher;
    const problem = trainingProblem(config, datasets, {
      cacheFolder: run.paths.cache,
      pairs,
      teacher,
    });
    const { ranks = null, progress, signal } = options;
    const training = new Training(withExecution(problem, { ranks }));
    const time =
      options.time ?? new TimePlan({ clock: new Clock(), reserve: 0, mostSteps: () => 0 }, config);
    const log = new TrainingLog(training, config, run);
    this.#training = training;
    this.#time = time;
    this.#log = log;
    this.#checkpoints = new RunCheckpoints(training, { config, run, progress, time });
    const bridge = Bridge.live(training, { config, datasets, folder: run.paths.folder });
    this.#paths = new TrainingPathsView(bridge, { datasets, seed: config.seed, progress });
    this.#bridge = bridge;
    this.#evaluations = new RunEvaluations(training, {
      bridge,
      config,
      datasets,
      run,
      log,
      time,
      progress,
      signal,
    });
  }

  /** Whether a time limit plans the steps. */
  get #isPlanned(): boolean {
    return this.#time.clock.seconds !== null;
  }

  /** Trains from the newest checkpoint, evaluates and writes the report. */
  async go(): Promise<"finished" | "interrupted"> {
    const { config, options, run } = this;
    const { progress, signal } = options;
    const training = this.#training;
    const size = training.state.networks.b.parameterCount().toLocaleString("en-US");
    const { method } = training.problem.method;
    const name = method.plan ? config.method : config.model.name;
    const ways = method.networks === "each" ? "each way" : "for both ways";
    if (!method.model?.fit) progress.line(`${name} of ${size} parameters ${ways}`);
    const at = this.#checkpoints.restore();
    if (!this.#isPlanned)
      progress.line(`${halvesOf(training)} half-iterations, ${allSteps(training)} steps in all`);
    run.rewindTo({ half_iteration: at.half, step: at.step });
    this.#at = at;
    const next = await drive(training, { time: this.#time, progress, signal, at }, this);
    progress.done();
    return next === "end" ? "finished" : "interrupted";
  }

  async begin(): Promise<Next> {
    const { config, options, run, datasets } = this;
    const at = this.#at;
    const { progress } = options;
    this.#log.open(at);
    saveColumns(config, datasets, { run, progress });
    saveHeldOut(datasets, run);
    savePairs(config, run);
    saveEncoding(datasets, run);
    const evaluations = this.#evaluations;
    if (!(await evaluations.open())) return "interrupted";
    const isWhole = !evaluations.isDue(at) || (await evaluations.evaluate(at));
    await this.#paths.show(at.half > 0 ? at.direction : config.fb_sequence[0]);
    return isWhole ? "train" : "interrupted";
  }

  started(event: Extract<TrainEvent, { type: "start" }>): void {
    this.options.progress.line(`${positionLabel(this.#training, event)}: ${describeStep(event)}`);
  }

  stepped(event: Extract<TrainEvent, { type: "step" }>): void {
    this.#log.step(event);
  }

  isPauseDue(step: number): boolean {
    return this.#isStride(step) || this.#checkpoints.isDue || this.#paths.isDue;
  }

  #isStride(step: number): boolean {
    const { checkpoint_stride, gif_stride } = this.config;
    return step % checkpoint_stride === 0 || step % gif_stride === 0;
  }

  async paused(event: Extract<TrainEvent, { type: "pause" }>): Promise<Next> {
    await this.#paths.show(event.direction);
    this.#time.restart();
    const isSaved = this.#checkpoints.isDue || (!this.#isPlanned && this.#isStride(event.step));
    if (!isSaved) return "train";
    this.#save(event);
    const isEvaluated = event.step % this.config.gif_stride === 0;
    if (isEvaluated && !(await this.#evaluations.evaluate(event))) return "interrupted";
    this.#time.restart();
    return "train";
  }

  stopped(event: Extract<TrainEvent, { type: "stopped" }>): void {
    this.#save(event);
    this.options.progress.line(
      `stopped in ${positionLabel(this.#training, event)} at step ${event.step} of ${event.steps}; the state up to this step is saved`,
    );
  }

  async finishedHalf(event: Extract<TrainEvent, { type: "half" }>): Promise<Next> {
    const { half, direction, seconds } = event;
    const training = this.#training;
    const at = { half, direction, step: training.stepsOf(half) };
    this.options.progress.line(
      `${positionLabel(training, at)}: trained in ${seconds.toFixed(1)} s`,
    );
    this.run.saveFile(
      `models/${half}_${direction}.safetensors`,
      io.encodeTensors(training.state.samplers[direction].stateDict(), {
        dsbm: version,
        half_iteration: String(half),
        direction,
        shape: JSON.stringify(this.datasets.shape),
      }),
    );
    this.#save(at);
    return (await this.#evaluations.evaluate(at)) ? "train" : "interrupted";
  }

  async end(): Promise<Next> {
    const { config, options, run, datasets } = this;
    const { progress, signal } = options;
    const training = this.#training;
    const { half } = training.state;
    const halves = halvesOf(training);
    if (this.#time.isUp(half))
      warn(`ended after half-iteration ${half} of ${halves}: the time is up`, { run, progress });
    else if (signal?.aborted && half < halves) return "interrupted";
    const isShared = config.fb_sequence.length === 1;
    for (const { direction, steps } of this.#time.tooFewSteps(training, half))
      warn(
        `no time was left for training${isShared ? "" : ` ${directionNames[direction]}`}: ${steps} ${nounOf(steps, "step")}, so that the bridge has hardly learned; raise max_minutes`,
        { run, progress },
      );
    if (config.LOGGER === "Wandb")
      progress.line(
        `to send it to Weights & Biases: wandb sync ${config.wandb_id ? `--id ${shellWord(config.wandb_id)} ` : ""}${shellWord(`${run.paths.folder}/tensorboard`)}`,
      );
    if ((await options.trained?.(run, datasets, readCsv(run.paths.results_csv).rows)) === false)
      return "interrupted";
    if (datasets.exact) await writeTrajectories(this.#bridge, { config, datasets, run });
    run.flush();
    await writeReport(run.paths.folder);
    this.#checkpoints.tidy();
    return "end";
  }

  #save(at: Position): void {
    this.#log.flush();
    this.#checkpoints.save(at);
  }

  /** An error of this run with its cure, if the cure is known. */
  explained(error: unknown): unknown {
    if (error instanceof TorchError && error.code === "ERR_TORCH_MEMORY")
      return new TorchError(
        error.code,
        `${error.message}: write accumulate=${2 * this.config.accumulate} or more, model.use_checkpoint=true for images, or a smaller batch_size, cache_batch_size and test_batch_size`,
        { op: error.op },
      );
    return error;
  }

  /** Frees the networks and closes the log. */
  dispose(): void {
    this.#log.close();
    this.#evaluations.dispose();
    this.#training.dispose();
    this.#teacher?.[Symbol.dispose]();
  }
}

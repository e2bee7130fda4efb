// One image run: training, evaluations, pictures and saved points; it goes on where an earlier process stopped.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BridgeError } from "@dsbm/bridge";
import { type CompleteTrainConfig, freeProcessKeys } from "@dsbm/config";
import {
  type CheckpointStore,
  type Logger,
  loggers,
  metricName,
  namedMetrics,
  openCheckpoints,
  type Row,
  type RunWriter,
  readCsv,
  runPaths,
} from "@dsbm/runs";
import { io, setNumThreads } from "@dsbm/torch";
import { type TrainEvent, Training, withExecution } from "@dsbm/train";
import { columns } from "../evaluation/columns.js";
import { evaluate, tellResult, testGrid } from "../evaluation/evaluate.js";
import { type Court, openCourt } from "../evaluation/evaluators.js";
import { plainSampler } from "../evaluation/test-sampler.js";
import { cores } from "../machine/cores.js";
import { describeStep } from "../machine/ranks.js";
import { version } from "../machine/version.js";
import { writeEvaluationPictures, writeReport } from "../picture/pictures.js";
import { type ImageData, loadImageData, prepareImageData } from "../problem/ends.js";
import { iterationOf, type Position, pointId, stepsBefore, stepsOf } from "../problem/iteration.js";
import { imageProblem } from "../problem/problem.js";
import { encodePoint, restorePoint, startFromFiles } from "./checkpoint.js";
import { openRunOf } from "./open-run.js";
import type { AccompanyOptions, RunOptions } from "./options.js";
import { checkSameConfig, finishedRows } from "./resume.js";

export interface ImageRunResult {
  folder: string;
  rows: Row[];
  state: "finished" | "interrupted";
}

/** Keys that may differ between a run and its continuation: they change nothing of what is learnt. */
export const freeKeys: ReadonlySet<string> = new Set([
  "experiments_dir",
  "paths",
  "name",
  "wandb_id",
  "threads",
  "log_every",
  "LOGGER",
  "plot_level",
  "plot_npar",
  "plot_npar_path",
  "gif",
  "gif_stride",
  "metrics",
  "test_npar",
  "test_batch_size",
  "test_num_steps",
  "checkpoint_stride",
  "checkpoint_minutes",
  "keep_last",
  "keep_every",
  "autostart_next_it",
  ...freeProcessKeys,
]);

/** Rows simulated side by side on one thread: as many as keep the intermediates of a wide layer in the cache. */
export const chunkRows = 8;

/** The evaluations of a finished run, without running anything; null for another. */
export function finishedImages(
  folder: string,
  config: CompleteTrainConfig,
): { rows: Row[] } | null {
  const rows = finishedRows(folder, config, freeKeys);
  return rows && { rows };
}

/**
 * Trains and evaluates one configuration in its folder, going on where an earlier run of it stopped.
 * Throws the errors of configuration, data, training and disk; the run is then marked as failed.
 */
export async function runImages(
  config: CompleteTrainConfig,
  options: RunOptions,
): Promise<ImageRunResult> {
  const { folder, progress, signal, again = false } = options;
  const earlier = !again && existsSync(join(folder, "run.json"));
  if (earlier) {
    const rows = finishedRows(folder, config, freeKeys);
    if (rows) return { folder, rows, state: "finished" };
    checkSameConfig(folder, config, freeKeys);
  }
  setNumThreads(config.threads === "auto" ? cores() : config.threads);
  await prepareImageData(config, { progress, signal });
  options.ranks?.broadcast({ kind: "begin" });
  const data = loadImageData(config);
  const run = openRunOf(config, {
    folder,
    columns,
    mode: again ? "restart" : "continue",
  });
  let work: ImageRun | null = null;
  try {
    for (const end of [data.x0, data.x1]) progress.line(end.about);
    work = new ImageRun(config, options, data, run);
    const state = await work.go();
    if (state === "finished") run.finish();
    else {
      run.interrupt("stopped by a signal");
      progress.line(`to go on: ${options.resume}`);
    }
    return { folder, rows: readCsv(run.paths.results_csv).rows, state };
  } catch (error) {
    const told = work?.explained(error) ?? error;
    run.fail(told);
    throw told;
  } finally {
    work?.dispose();
    data.dispose();
  }
}

/** As a rank that is not 0: its part of a run in `folder`, which others may not see. As `Training.runWorker`. */
export async function accompanyImages(
  config: CompleteTrainConfig,
  { folder, ranks, signal, progress }: AccompanyOptions,
): Promise<string | null> {
  setNumThreads(config.threads === "auto" ? cores() : config.threads);
  // Another machine has files of its own.
  await prepareImageData(config, { progress, signal });
  const data = loadImageData(config);
  try {
    const cacheFolder = runPaths(folder).cache;
    const problem = imageProblem(config, data, { cacheFolder, chunkRows });
    const training = new Training(withExecution(problem, { ranks }));
    try {
      return await training.runWorker({ signal });
    } finally {
      training.dispose();
    }
  } finally {
    data.dispose();
  }
}

class ImageRun {
  readonly #training: Training;
  readonly #store: CheckpointStore;
  #court: Court | null = null;
  #logger: Logger | null = null;
  #lastSaved = performance.now();
  #lastPoint: string | null = null;

  constructor(
    private readonly config: CompleteTrainConfig,
    private readonly options: RunOptions,
    private readonly data: ImageData,
    private readonly run: RunWriter,
  ) {
    const cacheFolder = run.paths.cache;
    const problem = imageProblem(config, data, { cacheFolder, chunkRows });
    this.#training = new Training(withExecution(problem, { ranks: options.ranks ?? null }));
    const { keep_last, keep_every } = config;
    this.#store = openCheckpoints(run.paths.checkpoints, { dsbm: version, keep_last, keep_every });
  }

  get #halves(): number {
    return this.#training.problem.schedule.halfIterations;
  }

  async go(): Promise<ImageRunResult["state"]> {
    const { config, options, run } = this;
    const { progress, signal } = options;
    const parameters = this.#training.state.networks.b.parameterCount();
    progress.line(
      `${config.model.name} of ${(parameters / 1e6).toFixed(2)} million parameters each way, ${this.#halves} half-iterations`,
    );
    const at = this.#restore();
    run.rewindTo({ half_iteration: at.half, step: at.step });
    this.#training.share();
    const steps = stepsBefore(at, config);
    this.#logger = loggers[config.LOGGER](run.paths.folder, { from: steps === 0 ? 0 : steps + 1 });
    this.#court = await openCourt(this.data, config, { progress, signal });
    if (!this.#court) return "interrupted";
    // What was killed after a point was saved and before it was evaluated.
    if (this.#owesEvaluation(at) && !(await this.#evaluate(at))) return "interrupted";
    const events = this.#training.run({
      ...(signal && { signal }),
      pauseAt: ({ step }) =>
        step % config.checkpoint_stride === 0 ||
        step % config.gif_stride === 0 ||
        this.#minutesUp(),
    });
    for await (const event of events) {
      if (!(await this.#follow(event))) {
        progress.done();
        return "interrupted";
      }
    }
    progress.done();
    if (signal?.aborted && this.#training.state.half < this.#halves) return "interrupted";
    if (config.LOGGER === "Wandb")
      progress.line(
        `to send it to Weights & Biases: wandb sync ${config.wandb_id ? `--id ${config.wandb_id} ` : ""}${run.paths.folder}/tensorboard`,
      );
    await writeReport({ config, data: this.data, run });
    return "finished";
  }

  #minutesUp(): boolean {
    const { checkpoint_minutes } = this.config;
    return (
      checkpoint_minutes !== null &&
      performance.now() - this.#lastSaved > 60_000 * checkpoint_minutes
    );
  }

  /** Where to go on: the newest whole point, the files of the configuration, or the beginning. */
  #restore(): Position {
    const { config, options } = this;
    const { progress } = options;
    const { checkpoint, damaged } = this.#store.newest();
    for (const { id, reason } of damaged)
      progress.line(`checkpoint ${id} cannot be used (${reason}); going on from the one before`);
    if (!checkpoint) {
      if (damaged.length > 0) progress.line("no checkpoint is left whole: starting over");
      if (!config.checkpoint_run) return { half: 0, direction: "b", step: 0 };
      const at = startFromFiles(this.#training, config);
      progress.line(
        `starting from the given files at iteration ${config.checkpoint_it} ${at.direction}, step ${at.step}`,
      );
      return at;
    }
    const at = restorePoint(this.#training, checkpoint);
    this.#lastPoint = checkpoint.folder;
    this.#store.dropAfter(checkpoint.order);
    progress.line(`going on from checkpoint ${checkpoint.id}`);
    if (config.autostart_next_it && this.#training.skipHalf())
      progress.line("autostart_next_it: the half-iteration in progress ends here");
    return at;
  }

  /** Goes along with the training; false to stop. */
  async #follow(event: TrainEvent): Promise<boolean> {
    const { progress } = this.options;
    const label = `${iterationOf(event.half, this.config)}/${this.config.n_ipf} ${event.direction}`;
    switch (event.type) {
      case "start":
        progress.line(`iteration ${label}: ${describeStep(event)}`);
        return true;
      case "cache":
        progress.update({
          label: `${label} simulating pairs`,
          step: event.done,
          steps: event.total,
        });
        return true;
      case "step":
        this.#log(event);
        progress.update({ label, ...event });
        return true;
      case "pause":
        this.#save(event);
        return event.step % this.config.gif_stride !== 0 || (await this.#evaluate(event));
      case "stopped":
        this.#save(event);
        progress.line(
          `stopped in iteration ${label} at step ${event.step} of ${event.steps}; everything up to there is saved`,
        );
        return false;
      case "half":
        return await this.#endHalf(event, label);
      default:
        return true;
    }
  }

  async #endHalf(event: Extract<TrainEvent, { type: "half" }>, label: string): Promise<boolean> {
    const { half, direction, seconds } = event;
    const at = { half, direction, step: stepsOf(half, this.config) };
    this.options.progress.line(`iteration ${label}: trained in ${seconds.toFixed(1)} s`);
    this.run.saveFile(
      `models/${half}_${direction}.safetensors`,
      io.encodeTensors(this.#training.state.samplers[direction].stateDict(), {
        dsbm: version,
        half_iteration: String(half),
        direction,
      }),
    );
    this.#save(at);
    return this.#evaluate(at);
  }

  #log(event: Extract<TrainEvent, { type: "step" }>): void {
    const { half, direction, step, loss, rate, gradNorm } = event;
    const metrics = { loss, rate, ...(gradNorm !== null && { grad_norm: gradNorm }) };
    this.run.appendMetric({ half_iteration: half, direction, step, ...metrics });
    this.#logger?.log(
      stepsBefore(event, this.config),
      namedMetrics({ direction, stage: "train" }, metrics),
    );
  }

  #save({ half, direction, step }: Position): void {
    const at = { half, direction, step };
    this.run.flush();
    this.#logger?.flush();
    const { checkpoint, warnings } = this.#store.save(encodePoint(this.#training, at, this.config));
    for (const warning of warnings) this.options.progress.line(warning);
    this.#lastPoint = checkpoint.folder;
    this.#lastSaved = performance.now();
  }

  #owesEvaluation({ half, step }: Position): boolean {
    if (half === 0 || step === 0) return false;
    if (step !== stepsOf(half, this.config) && step % this.config.gif_stride !== 0) return false;
    return !readCsv(this.run.paths.results_csv).rows.some(
      (row) => row.half_iteration === half && row.step === step,
    );
  }

  /** Measures and draws; false when stopped in between. */
  async #evaluate({ half, direction, step }: Position): Promise<boolean> {
    const { config, data, run, options } = this;
    const { progress, signal } = options;
    const at = { half, direction, step };
    const training = this.#training;
    const court = this.#court as Court;
    const sampler = plainSampler(
      training.sampler,
      testGrid(training.problem.schedule.grid, config),
    );
    const found = await evaluate(at, { sampler, data, config, court, progress, signal });
    if (!found) {
      progress.line(
        `stopped in the evaluation of iteration ${iterationOf(half, config)} ${direction}; the weights are saved`,
      );
      return false;
    }
    try {
      const id = pointId(at, config);
      const pairs = (n: number) => training.peek(n);
      const scene = { id, at, sampler, data, config, run, pairs };
      const pictures = await writeEvaluationPictures(found, scene);
      const steps = stepsBefore(at, config);
      const place = { direction, stage: "test" } as const;
      this.#logger?.log(steps, namedMetrics(place, found.result));
      this.#logger?.images(
        steps,
        Object.fromEntries(pictures.map(([name, png]) => [metricName(place, name), png])),
      );
      // The row last: where it stands, the evaluation is whole.
      run.appendResult(found.result);
      progress.line(
        `iteration ${iterationOf(half, config)}/${config.n_ipf} ${direction} step ${step}: ${tellResult(found.result)}  (${id})`,
      );
      return true;
    } finally {
      for (const t of [found.start, found.end, found.data]) t.dispose();
    }
  }

  /** An error with what the user can go back to. */
  explained(error: unknown): unknown {
    if (!(error instanceof BridgeError) || error.code !== "not_finite") return error;
    const last = this.#lastPoint
      ? `the last good checkpoint is ${this.#lastPoint}`
      : "no checkpoint was saved before";
    return new BridgeError("not_finite", `${error.message}; ${last}`);
  }

  dispose(): void {
    this.#logger?.close();
    this.#court?.[Symbol.dispose]();
    this.#training.dispose();
  }
}

import type { CompleteTrainConfig } from "@dsbm/config";
import { type Datasets, isVectors } from "@dsbm/datasets";
import { Evaluator, subjectOf } from "@dsbm/evaluation";
import { nounOf } from "@dsbm/files";
import { type Bridge, gridOf } from "@dsbm/inference";
import { checkpointId, evaluatedDirections, type Position, threadsOf } from "@dsbm/problem";
import {
  type Clock,
  describeResult,
  type Progress,
  type RunWriter,
  readCsv,
  readLogged,
} from "@dsbm/runs";
import type { Training } from "@dsbm/train";
import type { TimePlan } from "../forecast/time-plan.js";
import { writeEvaluationPictures } from "../picture/pictures.js";
import { halvesOf, positionLabel } from "./position.js";
import type { TrainingLog } from "./training-log.js";

interface RunEvaluationsOptions {
  /** The bridge of the training. */
  bridge: Bridge;
  config: CompleteTrainConfig;
  datasets: Datasets;
  run: RunWriter;
  log: TrainingLog;
  time: TimePlan;
  progress: Progress;
  signal: AbortSignal | undefined;
}

/** An evaluation of a position by a number of sampling steps. */
interface PositionEvaluation {
  at: Position;
  steps: number;
}

/** The evaluations of a run during training: after half-iterations, and every gif_stride steps. */
export class RunEvaluations {
  #evaluator: Evaluator | null = null;

  /** Evaluates nothing before `open`. */
  constructor(
    private readonly training: Training,
    private readonly options: RunEvaluationsOptions,
  ) {}

  /**
   * Returns false if it was stopped.
   * @throws errors of the configuration's files.
   */
  async open(): Promise<boolean> {
    const { bridge, config, datasets, progress, signal } = this.options;
    this.#evaluator = await Evaluator.open(subjectOf(bridge, datasets), {
      split: "test",
      threads: threadsOf(config),
      progress,
      signal,
    });
    return this.#evaluator !== null;
  }

  /** Whether a run evaluates at this position. */
  isDue({ half, step }: Position): boolean {
    if (half === 0 || step === 0) return false;
    return step === this.training.stepsOf(half) || step % this.options.config.gif_stride === 0;
  }

  /**
   * Evaluates a position, unless it has been, in its part of the time. Returns false if it was stopped.
   * @throws {DivergedError} for NaN and infinite samples.
   */
  async evaluate({ half, direction, step }: Position): Promise<boolean> {
    const { time, run, progress } = this.options;
    const clock = time.evaluationClock();
    for (const evaluation of this.#pending({ half, direction, step })) {
      const { at, steps } = evaluation;
      if (clock) {
        if (!(await this.#measure(evaluation, clock))) return false;
        continue;
      }
      // A report has a view of each direction with a row.
      run.appendResult({ half_iteration: half, direction: at.direction, step, steps, n: 0 });
      progress.line(
        `${positionLabel(this.training, at)}: evaluated at the end, since the time is short`,
      );
    }
    if (clock) time.evaluated(clock.spent, clock);
    return true;
  }

  /** Open evaluations of a position. */
  #pending({ half, direction, step }: Position): PositionEvaluation[] {
    const { config, datasets, run } = this.options;
    const { method } = this.training.problem.method;
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

  async #measure({ at, steps }: PositionEvaluation, clock: Clock): Promise<boolean> {
    const { config, datasets, run, log, progress } = this.options;
    const label = positionLabel(this.training, at);
    const { grid: own } = this.training.problem.schedule;
    const grid = gridOf({ grid: own, chain: datasets.chain }, steps);
    const sampling = { solver: "sde", grid, steps, batch: config.test_batch_size } as const;
    using evaluation = (await this.#evaluator?.evaluate(at, sampling, clock)) ?? null;
    if (!evaluation) {
      progress.line(`stopped in the evaluation of ${label}; the parameters are saved`);
      return false;
    }
    const id = checkpointId(at, config);
    const pictures = this.#isDrawn(at, steps)
      ? await writeEvaluationPictures(evaluation, { id, run })
      : [];
    log.evaluation(at, evaluation.result, pictures);
    // The row comes last: it marks a complete evaluation.
    run.appendResult(evaluation.result);
    const result = describeResult(readLogged(run.paths.folder), evaluation.result);
    progress.line(
      `${label} step ${at.step}, ${steps} ${nounOf(steps, "step")}: during training, ${result}  (${id})`,
    );
    return true;
  }

  /**
   * Only the first number of steps is drawn. Vectors are drawn only in the last half-iterations,
   * unless plot_level is 3.
   */
  #isDrawn({ half }: Position, steps: number): boolean {
    const { config, datasets } = this.options;
    if (steps !== config.test_num_steps[0]) return false;
    if (!isVectors(datasets) || config.plot_level >= 3) return true;
    return half > halvesOf(this.training) - config.fb_sequence.length;
  }

  /** Frees the samples of the evaluations. */
  dispose(): void {
    this.#evaluator?.[Symbol.dispose]();
  }
}

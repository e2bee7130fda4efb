import type { CompleteTrainConfig } from "@dsbm/config";
import type { Position } from "@dsbm/problem";
import {
  type CheckpointStore,
  openCheckpoints,
  type Progress,
  type RunWriter,
  version,
} from "@dsbm/runs";
import type { Training } from "@dsbm/train";
import type { TimePlan } from "../forecast/time-plan.js";
import { encodePoint, restorePoint, startFromFiles } from "./checkpoint.js";
import { trainedSteps } from "./position.js";
import { warn } from "./warning.js";

interface RunCheckpointsOptions {
  config: CompleteTrainConfig;
  run: RunWriter;
  progress: Progress;
  /** The time of the run, which checkpoints keep. */
  time: TimePlan;
}

/** The checkpoints of a run: the position of a resumed run, and the time of the next one. */
export class RunCheckpoints {
  readonly #store: CheckpointStore;
  #lastSaved = performance.now();

  /** Opens the checkpoints in the folder of the run. */
  constructor(
    private readonly training: Training,
    private readonly options: RunCheckpointsOptions,
  ) {
    const { config, run } = options;
    const { keep_last } = config;
    this.#store = openCheckpoints(run.paths.checkpoints, { dsbm: version, keep_last });
  }

  /** Whether the minutes between two checkpoints have passed. */
  get isDue(): boolean {
    const { checkpoint_minutes } = this.options.config;
    return (
      checkpoint_minutes !== null &&
      performance.now() - this.#lastSaved > 60_000 * checkpoint_minutes
    );
  }

  /**
   * Restores the newest whole checkpoint. Without one, training starts from the given files, or at half-iteration 0.
   * @throws {ConfigError} for checkpoints and files of another network.
   */
  restore(): Position {
    const { config, progress, time } = this.options;
    const { checkpoint, damaged } = this.#store.newest();
    this.#warn(
      damaged.map(
        ({ id, damage }) =>
          `checkpoint ${id} cannot be used (${damage}); resuming from the previous checkpoint`,
      ),
    );
    if (!checkpoint) {
      if (damaged.length > 0) this.#warn(["all checkpoints are damaged: starting over"]);
      return this.#start();
    }
    const at = restorePoint(this.training, checkpoint);
    const { seconds } = checkpoint.facts;
    if (typeof seconds === "number") time.resume(seconds);
    this.#store.dropAfter(checkpoint.order);
    this.tidy();
    progress.line(`resuming from checkpoint ${checkpoint.id}`);
    if (config.autostart_next_it && this.training.skipHalf())
      progress.line("autostart_next_it: the half-iteration in progress ends here");
    return at;
  }

  #start(): Position {
    const { config, progress } = this.options;
    if (!config.checkpoint_run) return { half: 0, direction: "b", step: 0 };
    const at = startFromFiles(this.training, config);
    progress.line(
      `starting from the given files at iteration ${config.checkpoint_it} ${at.direction}, step ${at.step}`,
    );
    return at;
  }

  /**
   * Saves the training at a position.
   * @throws the driver's error if parameters are not finite.
   */
  save({ half, direction, step }: Position): void {
    const { config, time } = this.options;
    const at = { half, direction, step };
    const { warnings } = this.#store.save(
      encodePoint(this.training, at, {
        config,
        order: trainedSteps(this.training, at),
        seconds: time.clock.spent,
      }),
    );
    this.#warn(warnings);
    this.#lastSaved = performance.now();
  }

  /** Removes files that the last checkpoint could not remove. */
  tidy(): void {
    this.#warn(this.#store.tidy());
  }

  #warn(warnings: readonly string[]): void {
    for (const warning of warnings) warn(warning, this.options);
  }
}

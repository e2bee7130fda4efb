import type { CompleteTrainConfig } from "@dsbm/config";
import type { Position } from "@dsbm/problem";
import { type Logger, loggers, metricName, namedMetrics, type RunWriter } from "@dsbm/runs";
import type { TrainEvent, Training } from "@dsbm/train";
import { trainedSteps } from "./position.js";

/** The metrics of a training: a file of the run folder, and the logger that the user chose. */
export class TrainingLog {
  #logger: Logger | null = null;

  /** Logs nothing before `open`. */
  constructor(
    private readonly training: Training,
    private readonly config: CompleteTrainConfig,
    private readonly run: RunWriter,
  ) {}

  /** Opens the logger for the steps after a position. */
  open(at: Position): void {
    const { folder } = this.run.paths;
    this.#logger = loggers[this.config.LOGGER](folder, trainedSteps(this.training, at) + 1);
  }

  /** Adds the loss, the speed and the gradient norm of a step. */
  step(event: Extract<TrainEvent, { type: "step" }>): void {
    const { half, direction, step, loss, rate, gradNorm } = event;
    const metrics = { loss, rate, ...(gradNorm !== null && { grad_norm: gradNorm }) };
    this.run.appendMetric({ half_iteration: half, direction, step, ...metrics });
    this.#logger?.log(
      trainedSteps(this.training, event),
      namedMetrics({ direction, stage: "train" }, metrics),
    );
  }

  /** Adds the metrics and the images of an evaluation. */
  evaluation(
    at: Position,
    result: Readonly<Record<string, number | string | null>>,
    pictures: readonly (readonly [name: string, png: Uint8Array])[],
  ): void {
    const place = { direction: at.direction, stage: "test" } as const;
    const before = trainedSteps(this.training, at);
    this.#logger?.log(before, namedMetrics(place, result));
    this.#logger?.images(
      before,
      Object.fromEntries(pictures.map(([name, png]) => [metricName(place, name), png])),
    );
  }

  /** Writes what is waiting. */
  flush(): void {
    this.run.flush();
    this.#logger?.flush();
  }

  /** Closes the logger. */
  close(): void {
    this.#logger?.close();
  }
}

import type { Position } from "@dsbm/problem";
import { type Progress, secondsLeft } from "@dsbm/runs";
import type { TrainEvent, Training } from "@dsbm/train";
import type { TimePlan } from "../forecast/time-plan.js";
import { allSteps, halvesOf, trainedSteps } from "./position.js";

interface TrainingProgressOptions {
  time: TimePlan;
  progress: Progress;
  /** Before the place in the progress line (default: nothing). */
  label?: string;
}

/** The progress line of a training, with the estimated time left. */
export class TrainingProgress {
  #began = { spent: 0, done: 0 };

  /** Shows nothing before the first event. */
  constructor(
    private readonly training: Training,
    private readonly options: TrainingProgressOptions,
  ) {}

  /** Call before the first step, which follows `at`. */
  begin(at: Pick<Position, "half" | "step">): void {
    this.#began = { spent: this.options.time.clock.spent, done: trainedSteps(this.training, at) };
  }

  /** Shows the simulated pairs. */
  simulated(event: Extract<TrainEvent, { type: "cache" }>): void {
    this.options.progress.update({
      label: `${this.#place(event)} simulating pairs`,
      step: event.done,
      steps: event.total,
    });
  }

  /** Shows a step, its speed and the time left. */
  stepped(event: Extract<TrainEvent, { type: "step" }>): void {
    const { time, progress } = this.options;
    progress.update({
      ...event,
      label: this.#place(event),
      rate: 1 / (time.step ?? 1 / event.rate),
      left: this.#secondsLeft(event),
    });
  }

  #place({ half, direction }: Pick<Position, "half" | "direction">): string {
    return `${this.options.label ?? ""}${half}/${halvesOf(this.training)} ${direction}`;
  }

  /** Seconds until the training ends: of the limit, or in proportion to the steps since it began. */
  #secondsLeft(at: Position): number {
    const { seconds, spent, left } = this.options.time.clock;
    if (seconds !== null) return left;
    const { spent: before, done } = this.#began;
    const now = trainedSteps(this.training, at);
    return secondsLeft(allSteps(this.training) - now, (now - done) / (spent - before));
  }
}

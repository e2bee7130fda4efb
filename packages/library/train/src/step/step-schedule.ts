// The steps and learning rates of a half-iteration.
import type { CompleteProblem } from "../problem.js";

/** The step at which a half-iteration got another number of steps, and its progress, from 0 to 1, there. */
export type Resized = { step: number; progress: number };

/** Counts the steps of a half-iteration and gives each its learning rate. */
export class StepSchedule {
  /** Finished steps. */
  step = 0;
  #steps: number;
  #resized: Resized = { step: 0, progress: 0 };
  readonly #optimisation: CompleteProblem["optimisation"];

  constructor(steps: number, optimisation: CompleteProblem["optimisation"]) {
    this.#steps = steps;
    this.#optimisation = optimisation;
  }

  /** All steps. */
  get steps(): number {
    return this.#steps;
  }

  /** Changes the number of steps; the learning rate continues from its present value to the same end. */
  resize(steps: number): void {
    if (steps === this.#steps) return;
    this.#resized = { step: this.step, progress: this.#progress };
    this.#steps = Math.max(steps, this.step);
  }

  /** Where the number of steps was changed last; null: nowhere, or before the first step. */
  get resized(): Resized | null {
    return this.#resized.step > 0 ? { ...this.#resized } : null;
  }

  /** Continues at a step, with a change of the steps before it. */
  restore(step: number, resized: Resized | undefined): void {
    this.step = step;
    if (resized) this.#resized = { ...resized };
  }

  get #progress(): number {
    const { step, progress } = this.#resized;
    return progress + ((1 - progress) * (this.step - step)) / Math.max(1, this.#steps - step);
  }

  /** The learning rate of the next step; null if the rate of the step before stays. */
  get nextRate(): number | null {
    const { lr, lrSchedule, lrWarmup } = this.#optimisation;
    if (lrSchedule !== "cosine" && this.step > lrWarmup) return null;
    // Loshchilov and Hutter 2017, eq. 5, without restarts.
    const rate = lrSchedule === "cosine" ? (lr / 2) * (1 + Math.cos(Math.PI * this.#progress)) : lr;
    return this.step < lrWarmup ? rate * ((this.step + 1) / lrWarmup) : rate;
  }
}

// Steps that take long: checkpoints come often, so that little is done again after a stop that could not wait for the step.
import type { TrainEvent } from "@dsbm/train";
import type { RunOptions } from "./options.js";

/** Seconds of a step, or of a part of a simulation, from which on it is long. */
const long = 2;
/** Seconds between checkpoints where steps are that long. */
export const often = 60;

const now = () => performance.now() / 1000;

export class Patience {
  /** Whether a step, or a part of a simulation, took long. */
  #slow = { step: false, cache: false };
  #last = now();
  #told = false;

  constructor(private readonly options: Pick<RunOptions, "progress">) {}

  /** Whether steps take long. */
  get isSlow(): boolean {
    return this.#slow.step;
  }

  /** Work begins that is no step: an evaluation, or what follows a checkpoint. */
  restart(): void {
    this.#last = now();
  }

  /** After a step; true where a checkpoint should come before the simulation that follows it. */
  step(step: number, stride: number): boolean {
    const seconds = now() - this.#last;
    this.#last = now();
    this.#slow.step = seconds > long;
    if (this.#slow.step && !this.#told) {
      this.#told = true;
      this.options.progress.line(
        `a step takes ${seconds.toFixed(0)} s: a checkpoint comes every ${often} s, and a run that is stopped within a step goes on from the newest one`,
      );
    }
    return this.#slow.cache && step % stride === 0;
  }

  follow(event: TrainEvent): void {
    if (event.type === "start") this.restart();
    if (event.type !== "cache") return;
    if (event.done > 0) this.#slow.cache = now() - this.#last > long;
    this.#last = now();
  }
}

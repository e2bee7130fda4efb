// How long native code keeps the process from hearing of signals, and what to do where that is long: signals then end the
// process at once, and checkpoints come often, so that little is done again.
import type { TrainEvent } from "@dsbm/train";
import type { RunOptions } from "./options.js";

/** Seconds of a step, or of a part of a simulation, from which on a signal does not wait for it. */
const long = 2;
/** Seconds between checkpoints where steps are that long. */
export const often = 60;

const now = () => performance.now() / 1000;

export class Patience {
  /** Whether a step, or a part of a simulation, took long. */
  #slow = { step: false, cache: false };
  #last = now();
  #told = false;

  /** `heavy`: nothing is known of its speed yet, and it may be slow. */
  constructor(
    private readonly heavy: boolean,
    private readonly options: Pick<RunOptions, "interrupt" | "progress" | "resume">,
  ) {}

  /** Whether steps take long. */
  get isSlow(): boolean {
    return this.#slow.step;
  }

  /** Where everything is saved: before a half-iteration, and while it is evaluated. */
  saved(): void {
    this.#last = now();
    this.options.interrupt?.sudden(this.heavy || this.#slow.step);
  }

  /** After an evaluation, or a checkpoint between steps. */
  goesOn(): void {
    this.#last = now();
    this.options.interrupt?.sudden(this.#slow.step);
  }

  /** After a step; true where a checkpoint should come before the simulation that follows it. */
  step(step: number, stride: number): boolean {
    const seconds = now() - this.#last;
    this.#last = now();
    this.#slow.step = seconds > long;
    const simulates = this.#slow.cache && step % stride === 0;
    this.options.interrupt?.sudden(this.#slow.step || simulates);
    if (this.#slow.step && !this.#told && this.options.interrupt) {
      this.#told = true;
      this.options.progress.line(
        `a step takes ${seconds.toFixed(0)} s: Ctrl-C ends the process at once, and the run goes on from its newest checkpoint, at most ${often} s of training before; to go on: ${this.options.resume}`,
      );
    }
    return simulates;
  }

  follow(event: TrainEvent): void {
    if (event.type === "start") this.saved();
    if (event.type !== "cache") return;
    if (event.done > 0) this.#slow.cache = now() - this.#last > long;
    this.#last = now();
  }
}

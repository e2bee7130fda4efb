// The random streams of a half-iteration's steps, and their saved states.
import { hash32, stream } from "@dsbm/bridge";
import { Generator } from "@dsbm/torch";
import { batchShare } from "../distributed/ranks.js";
import type { CompleteProblem } from "../problem.js";
import type { SourceState } from "../rows/batch-source.js";

/** States of the streams of steps. */
export type StepStates = {
  noise: Uint8Array;
  pairing: Uint8Array;
  fallback: Uint8Array;
  /** The dropout of other ranks, by rank. */
  others?: SourceState;
};

/** The streams of a half-iteration: functions of the seed and the half-iteration. */
export class StepStreams {
  /** Times and noise of steps. */
  readonly noise: Generator;
  /** Transport within batches. */
  readonly pairing: Generator;
  readonly #fallback: Generator;
  #others: SourceState | null = null;
  readonly #problem: CompleteProblem;
  readonly #half: number;

  constructor(problem: CompleteProblem, half: number) {
    const { seed, data } = problem;
    const { device } = data.x0;
    this.#problem = problem;
    this.#half = half;
    this.noise = stream(seed, `train/${half}`, device);
    this.pairing = stream(seed, `pairing/${half}`, device);
    this.#fallback = Generator.default(device).manualSeed(this.#fallbackSeed(0));
  }

  get #rank(): number {
    return batchShare(this.#problem).among > 1 ? this.#problem.execution.ranks.rank : 0;
  }

  #fallbackSeed(step: number): number {
    const place = [this.#rank, step].filter((n) => n > 0);
    return hash32([this.#problem.seed, "default", this.#half, ...place].join("/"));
  }

  /** Before `save`, on every rank: gathers the states that only they have. */
  gather(): void {
    const state = Buffer.from(this.#fallback.getState()).toString("base64");
    const states = this.#problem.execution.ranks.fromAll(state).slice(1);
    const others = states.map((state, i) => [i + 1, Uint8Array.from(Buffer.from(state, "base64"))]);
    this.#others = others.length > 0 ? Object.fromEntries(others) : null;
  }

  /** The states of the streams, of all ranks after `gather`. */
  save(): StepStates {
    return {
      noise: this.noise.getState(),
      pairing: this.pairing.getState(),
      fallback: this.#fallback.getState(),
      ...(this.#others && { others: this.#others }),
    };
  }

  /** Continues with saved states; a rank without one begins a stream of the step. */
  restore({ noise, pairing, fallback, others }: StepStates, step: number): void {
    this.noise.setState(noise);
    this.pairing.setState(pairing);
    const state = this.#rank === 0 ? fallback : others?.[this.#rank];
    if (state) this.#fallback.setState(state as Uint8Array);
    else this.#fallback.manualSeed(this.#fallbackSeed(step));
  }
}

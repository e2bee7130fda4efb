// How ranks that each train on whole batches stay together: nothing of their steps travels, so now and then they agree
// on what comes after which of the next steps. Asking at every step would take longer than a small network's step.
import type { StopPauseRequest } from "../half-iteration.js";
import type { Ranks } from "./ranks.js";

/** Milliseconds for which ranks agree ahead: as long as nobody waits for an answer. */
const AHEAD = 50;
/** Most steps. */
const MOST = 64;

export interface Asking {
  stop: boolean;
  /** Whether rank 0 wants to save and evaluate after a step; asked ahead of it. */
  pauseAt: (step: number) => boolean;
}

/** What all ranks do after each step, in turn. */
export class Agreement {
  readonly #ranks: Ranks;
  readonly #steps: number;
  #asked = { step: 0, time: 0 };
  /** The next step before which they ask each other. */
  #next = 0;
  #pause = 0;

  /** `steps` are those of the half-iteration, whose last one ends in a pause of its own. */
  constructor(ranks: Ranks, steps: number) {
    this.#ranks = ranks;
    this.#steps = steps;
  }

  /** Before step `step`, on every rank: what comes after it. Throws a DistributedError. */
  before(step: number, { stop, pauseAt }: Asking): StopPauseRequest {
    if (step < this.#next) return { stop: false, pause: step === this.#pause };
    const { isMain } = this.#ranks;
    const length = isMain ? this.#length(step) : 0;
    const last = Math.min(step + length, this.#steps) - 1;
    let pause = 0;
    for (let s = step; pause === 0 && s <= last; s++) if (pauseAt(s)) pause = s;
    const [stops, next, agreed] = this.#ranks.most([
      stop ? 1 : 0,
      isMain ? (pause === 0 ? step + length : pause + 1) : 0,
      pause,
    ]) as [number, number, number];
    this.#asked = { step, time: performance.now() };
    this.#next = next;
    this.#pause = agreed;
    return { stop: stops > 0, pause: step === agreed };
  }

  /** As rank 0: how many steps to agree on now. */
  #length(step: number): number {
    const { step: asked, time } = this.#asked;
    if (asked === 0) return 1;
    const each = (performance.now() - time) / (step - asked);
    return Math.max(1, Math.min(MOST, Math.round(AHEAD / each)));
  }
}

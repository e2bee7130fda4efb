// What stops or pauses a half-iteration after a step, the same on all ranks. Ranks that share each batch send it along
// with the gradients. Ranks that each train on whole batches exchange nothing in a step: they agree from time to time on
// the next steps, since an exchange at every step would take longer than a small network's step.
import type { Ranks } from "./ranks.js";

/** What a rank wants after a step; where any wants it, all do it. */
export interface StopPauseRequest {
  /** To end the run. */
  stop: boolean;
  /** To let rank 0 save and evaluate. */
  pause: boolean;
}

/** Milliseconds for which ranks agree ahead: too short a delay to be noticed. */
const AHEAD = 50;
/** Most steps. */
const MOST = 64;

interface Wanted {
  stop: boolean;
  /** Whether rank 0 wants to save and evaluate after a step; called for steps ahead. */
  pauseAt: (step: number) => boolean;
}

/** What all ranks do after each step, in turn. */
export class Agreement {
  readonly #ranks: Pick<Ranks, "isMain" | "max">;
  readonly #steps: () => number;
  #last = { step: 0, time: 0 };
  /** The next step before which they exchange requests. */
  #next = 0;
  #pause = 0;

  /** `steps` are those of the half-iteration, whose last one ends in a pause of its own. */
  constructor(ranks: Pick<Ranks, "isMain" | "max">, steps: () => number) {
    this.#ranks = ranks;
    this.#steps = steps;
  }

  /** Before step `step`, on every rank: what comes after it. Throws a DistributedError. */
  before(step: number, { stop, pauseAt }: Wanted): StopPauseRequest {
    if (step < this.#next) return { stop: false, pause: step === this.#pause };
    const { isMain } = this.#ranks;
    const length = isMain ? this.#length(step) : 0;
    const last = Math.min(step + length, this.#steps()) - 1;
    let pause = 0;
    for (let s = step; pause === 0 && s <= last; s++) if (pauseAt(s)) pause = s;
    const [stops, next, agreed] = this.#ranks.max([
      stop ? 1 : 0,
      isMain ? (pause === 0 ? step + length : pause + 1) : 0,
      pause,
    ]) as [number, number, number];
    this.#last = { step, time: performance.now() };
    this.#next = next;
    this.#pause = agreed;
    return { stop: stops > 0, pause: step === agreed };
  }

  /** As rank 0: how many steps to agree on now. */
  #length(step: number): number {
    const { step: asked, time } = this.#last;
    if (asked === 0) return 1;
    const each = (performance.now() - time) / (step - asked);
    return Math.max(1, Math.min(MOST, Math.round(AHEAD / each)));
  }
}

/** The requests of a half-iteration. */
export interface StepRequests {
  /** Before a step: what this rank sends with it. */
  before(step: number): StopPauseRequest;
  /** After it: whether all pause, or stop, where `carried` came back with the step. */
  pauses(step: number, carried: StopPauseRequest): boolean;
  stops(carried: StopPauseRequest): boolean;
}

/** What this rank wants after a step. */
interface OwnRequests extends Pick<Wanted, "pauseAt"> {
  steps: () => number;
  sharesBatch: boolean;
  isAborted: () => boolean;
}

/** One process by itself reads it after the step, so that it acts at once. */
export function stepRequests(
  ranks: Ranks,
  { steps, sharesBatch, isAborted, pauseAt }: OwnRequests,
): StepRequests {
  if (ranks.size === 1)
    return { before: () => ({ stop: false, pause: false }), pauses: pauseAt, stops: isAborted };
  const agreement = sharesBatch ? null : new Agreement(ranks, steps);
  return {
    before(step) {
      const stop = isAborted();
      return agreement?.before(step, { stop, pauseAt }) ?? { stop, pause: pauseAt(step) };
    },
    pauses: (_step, { pause }) => pause,
    stops: ({ stop }) => stop,
  };
}

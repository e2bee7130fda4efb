// Requests to stop or pause after a step, on which all ranks agree.
import type { Ranks } from "../distributed/ranks.js";

/** A request of a rank after a step; if any rank makes it, all ranks act. */
export interface StopPauseRequest {
  stop: boolean;
  pause: boolean;
}

/** The requests of this rank before a step, and the decision of all ranks after it. */
export interface StepRequests {
  /** Before a step: this rank's request for after the step. */
  before(step: number): StopPauseRequest;
  /** After the step: the decision of all ranks, from the requests that came with the gradients. */
  after(step: number, received: StopPauseRequest): StopPauseRequest;
}

interface OwnRequests {
  steps: () => number;
  sharesBatch: boolean;
  isAborted: () => boolean;
  pauseAt: (step: number) => boolean;
}

/**
 * One process alone looks after the step, so that it acts at once. Ranks that share a batch send requests with the
 * gradients. Ranks that each train on whole batches agree ahead.
 */
export function stepRequests(ranks: Ranks, rank: OwnRequests): StepRequests {
  const requestAt = (step: number) => ({
    pause: rank.pauseAt(step),
    // Asked after the pause, in which a signal may come.
    get stop() {
      return rank.isAborted();
    },
  });
  if (ranks.size === 1) return { before: () => ({ stop: false, pause: false }), after: requestAt };
  const agreement = rank.sharesBatch ? null : new Agreement(ranks, rank);
  return {
    before: (step) => (agreement ? agreement.before(step) : requestAt(step)),
    after: (_step, received) => received,
  };
}

/** Steps that ranks agree on at once. */
const agreedSteps = 16;

/** An exchange at every step would outlast a small network's step: ranks agree on several at once. */
export class Agreement {
  readonly #ranks: Pick<Ranks, "isMain" | "max">;
  readonly #own: Omit<OwnRequests, "sharesBatch">;
  #next = 0;
  #pause = 0;

  constructor(ranks: Pick<Ranks, "isMain" | "max">, rank: Omit<OwnRequests, "sharesBatch">) {
    this.#ranks = ranks;
    this.#own = rank;
  }

  /**
   * Before step `step`, on every rank: what comes after it.
   * @throws {TorchError}
   */
  before(step: number): StopPauseRequest {
    if (step < this.#next) return { stop: false, pause: step === this.#pause };
    const { steps, isAborted, pauseAt } = this.#own;
    const { isMain } = this.#ranks;
    const end = isMain ? step + agreedSteps : 0;
    let pause = 0;
    for (let s = step; pause === 0 && s < Math.min(end, steps()); s++) if (pauseAt(s)) pause = s;
    const proposal = [isAborted() ? 1 : 0, isMain && pause > 0 ? pause + 1 : end, pause];
    const [stop, next, agreed] = this.#ranks.max(proposal);
    this.#next = next;
    this.#pause = agreed;
    return { stop: stop > 0, pause: step === agreed };
  }
}

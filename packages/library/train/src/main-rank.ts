// Rank 0 works alone while the other ranks wait for its result.

import type { Ranks } from "./distributed/ranks.js";
import type { SavedFacts, SavedTraining } from "./state/saved-training.js";

interface MainResult<T> {
  result: T;
  steps: Record<string, number>;
}

/** The parts of a training that rank 0 sends to the other ranks. */
interface SharedTraining {
  save(): SavedTraining;
  restore(saved: SavedTraining): void;
  /** Steps of half-iterations that differ from the schedule. */
  changedSteps(): Record<string, number>;
  setSteps(half: number, steps: number): void;
}

/** Shares rank 0's state and the results of its work. */
export class MainRank {
  readonly #ranks: Ranks;
  readonly #training: SharedTraining;
  #hasShared: boolean;

  constructor(ranks: Ranks, training: SharedTraining) {
    this.#ranks = ranks;
    this.#training = training;
    this.#hasShared = ranks.size === 1;
  }

  /** Gives rank 0's state to all ranks, once. Returns false if rank 0 has left. */
  async shareState(): Promise<boolean> {
    if (this.#hasShared) return true;
    this.#hasShared = true;
    if (this.#ranks.isMain) this.#ranks.tell(this.#training.save());
    else {
      const saved = await this.#ranks.listen<SavedFacts>();
      if (!saved) return false;
      this.#training.restore(saved);
      for (const t of saved.tensors.values()) t.dispose();
    }
    return true;
  }

  /** Returns rank 0's result on every rank; null on the other ranks if rank 0 has left. */
  async run<T>(work: () => T | Promise<T>): Promise<T | null> {
    if (this.#ranks.size === 1) return work();
    if (!(await this.shareState())) return null;
    if (this.#ranks.isMain) {
      const result = await work();
      const facts: MainResult<T> = { result, steps: this.#training.changedSteps() };
      this.#ranks.tell({ facts, tensors: new Map() });
      return result;
    }
    const message = await this.#ranks.listen<MainResult<T>>();
    if (!message) return null;
    const { result, steps } = message.facts;
    for (const [half, count] of Object.entries(steps)) this.#training.setSteps(Number(half), count);
    return result;
  }
}

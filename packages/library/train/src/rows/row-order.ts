// Random orders in which rows of tables are taken.
import type { Matching, RowPairs } from "@dsbm/bridge";
import { cat, type Device, type Generator, randperm, type Tensor, tidy } from "@dsbm/torch";
import type { SourceState } from "./batch-source.js";

/** The generator before the present permutation, and the rows taken of the permutation. */
export type RowOrderState = {
  shuffle: Uint8Array;
  taken: number;
};

/** Indices 0 … n−1, each once before any comes again; the incomplete last batch of a permutation is dropped. */
export class RowOrder {
  #permutation: Tensor | null = null;
  #taken = 0;
  #before: Uint8Array;
  constructor(
    readonly n: number,
    readonly generator: Generator,
    readonly device: Device = "cpu",
  ) {
    this.#before = generator.getState();
  }

  #shuffle(): Tensor {
    this.#permutation?.dispose();
    this.#before = this.generator.getState();
    this.#taken = 0;
    const { n, generator, device } = this;
    // Half of the memory of int64: tables may have millions of rows.
    this.#permutation = tidy(() => randperm(n, { generator, device }).to("int32").keep());
    return this.#permutation;
  }

  /** The next k indices, int64 [k]; for k > n from several permutations. */
  next(k: number): Tensor {
    if (k > this.n) return this.through(k);
    const rows =
      this.#permutation && this.#taken + k <= this.n ? this.#permutation : this.#shuffle();
    this.#taken += k;
    return rows.narrow(0, this.#taken - k, k).to("int64");
  }

  /** The next k indices, int64 [k], through as many orders as it takes. */
  through(k: number): Tensor {
    const parts: Tensor[] = [];
    for (let left = k; left > 0; ) {
      if (!this.#permutation || this.#taken === this.n) this.#shuffle();
      const some = Math.min(left, this.n - this.#taken);
      parts.push(this.next(some));
      left -= some;
    }
    return cat(parts);
  }

  /** The state for `restore`. */
  save(): RowOrderState {
    return { shuffle: this.#before, taken: this.#permutation ? this.#taken : 0 };
  }

  /** Continues from a saved state, to which it sets its generator. */
  restore({ shuffle, taken }: RowOrderState): void {
    this.generator.setState(shuffle);
    this.#permutation?.dispose();
    this.#permutation = null;
    this.#before = shuffle;
    if (taken === 0) return;
    this.#shuffle();
    this.#taken = taken;
  }

  dispose(): void {
    this.#permutation?.dispose();
    this.#permutation = null;
  }
}

/** The order in which rows of both tables are taken. */
export interface PairOrder {
  /** The next n of each, int64 [n] on the CPU, and which of them are known pairs. */
  next(n: number): RowPairs;
  save(): { x0: SourceState; x1: SourceState };
  restore(state: SourceState): void;
  dispose(): void;
}

interface Streams {
  x0: Generator;
  x1: Generator;
}

/** Random orders of both tables, independent of each other. */
export function separateOrders(sizes: { x0: number; x1: number }, streams: Streams): PairOrder {
  const x0 = new RowOrder(sizes.x0, streams.x0);
  const x1 = new RowOrder(sizes.x1, streams.x1);
  return {
    next: (n) => ({ x0: x0.next(n), x1: x1.next(n) }),
    save: () => ({ x0: x0.save(), x1: x1.save() }),
    restore(state) {
      x0.restore(state.x0 as RowOrderState);
      x1.restore(state.x1 as RowOrderState);
    },
    dispose() {
      x0.dispose();
      x1.dispose();
    },
  };
}

/** A random order of the rows of a matching, with partners drawn for each. */
export function matchedOrder(matching: Matching, streams: Streams): PairOrder {
  const order = new RowOrder(matching.rows.length, streams.x0);
  return {
    next: (n) => matching.partners(order.next(n), streams.x1),
    save: () => ({ x0: order.save(), x1: { partners: streams.x1.getState() } }),
    restore({ x0, x1 }) {
      order.restore(x0 as RowOrderState);
      streams.x1.setState((x1 as { partners: Uint8Array }).partners);
    },
    dispose: () => order.dispose(),
  };
}

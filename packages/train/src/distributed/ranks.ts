// What the driver needs of the processes that train together: who has which rows, how parts become a whole again, and
// how rank 0, which alone evaluates and writes, gives the others work. `localRanks` is one process by itself, for which
// all of this is nothing, so that the driver is the same for any number of them.
import type { DType, distributed, Parameter, Tensor } from "@dsbm/torch";

/** Rows [start, start + count) of some. */
export interface Part {
  start: number;
  count: number;
}

/** All of `n` rows. */
export const allOf = (n: number): Part => ({ start: 0, count: n });

/** The i-th of k parts of n rows: in order, and of sizes that differ by one at most. */
export function partOf(n: number, i: number, k: number): Part {
  const start = Math.floor((n * i) / k);
  return { start, count: Math.floor((n * (i + 1)) / k) - start };
}

/** Work that rank 0 gives to the others. */
export interface Command {
  kind: string;
  [fact: string]: unknown;
}

/** A tensor that is to be sent, in JSON. */
export interface TensorKind {
  shape: readonly number[];
  dtype: DType;
  isOnCpu: boolean;
}

/** How a tensor is announced, so that others can allocate it. */
export const kindOf = ({ shape, dtype, device }: Tensor): TensorKind => ({
  shape,
  dtype,
  isOnCpu: device === "cpu",
});

/** The processes of one training. Every rank calls the same methods in the same order; all throw a DistributedError. */
export interface Ranks {
  readonly rank: number;
  readonly size: number;
  /** Whether this is rank 0. */
  readonly isMain: boolean;
  /** The part of `n` that a rank has: in order, and of sizes that differ by one at most. */
  part(n: number, rank?: number): Part;
  /** All ranks' rows joined along `dim`: each brings the next `counts[rank]`. */
  gather(own: Tensor, counts: readonly number[], dim?: number): Tensor;
  /** The bytes of every rank, by rank; all of one length. */
  gatherBytes(own: Uint8Array): Uint8Array[];
  /** Whether the flag of any rank is set. */
  any(flag: boolean): boolean;
  /** The largest of the ranks' integers in each place. */
  max(values: readonly number[]): number[];
  /** Rank 0's value, of JSON. */
  fromMain<T>(value: T): T;
  /** The ranks whose tensors are not, bit for bit, those of rank 0. */
  outOfSyncRanks(tensors: Iterable<Tensor>): number[];
  /** Throws an error that names the ranks whose tensors are not those of rank 0. */
  assertInSync(tensors: Iterable<Tensor>): void;
  /** Waits until all are here. */
  barrier(): void;
  /** Runs collective work, which errors then name. */
  run(what: string, work: () => void): void;
  /** Averages gradients of parameters over the ranks; null where there is nothing to average. */
  gradientBuckets(parameters: readonly Parameter[]): distributed.GradientBuckets | null;
  /** Sums a tensor over the ranks, in place. */
  allReduce(t: Tensor): void;
  /** As rank 0: gives the others work. They must be waiting in `next`, or come there. */
  broadcast(command: Command): void;
  /**
   * As another rank: waits for work, as long as that takes, while timers and signals have their turn.
   * Throws where rank 0 is gone.
   */
  next(): Promise<Command>;
  /** Sends a tensor of rank 0 to all. */
  send(t: Tensor): void;
  /** The tensor that rank 0 sends. */
  receive(kind: TensorKind): Tensor;
  /** As rank 0: ends the others' work, because all is done or, with a reason, because it cannot be. Idempotent. */
  dismiss(failed?: string): void;
  /** Leaves the groups: after an error without waiting for the others. */
  leave(options?: { failed?: boolean }): void;
}

/** One process by itself. */
export const localRanks: Ranks = {
  rank: 0,
  size: 1,
  isMain: true,
  part: allOf,
  gather: (own) => own,
  gatherBytes: (own) => [own],
  any: (flag) => flag,
  max: (values) => [...values],
  fromMain: (value) => value,
  outOfSyncRanks: () => [],
  assertInSync() {},
  barrier() {},
  run: (_what, work) => work(),
  gradientBuckets: () => null,
  allReduce() {},
  broadcast() {},
  next: () => Promise.reject(new Error("one process by itself has no other ranks to wait for")),
  send() {},
  receive() {
    throw new Error("one process by itself has no other ranks to receive from");
  },
  dismiss() {},
  leave() {},
};

// The processes of one training: the rows of each, and the joining of parts.
import { arange, cat, type Device, type Tensor } from "@dsbm/torch";
import type { CompleteProblem } from "../problem.js";

/** Consecutive rows. */
export interface RowRange {
  /** Index of the first row. */
  start: number;
  /** Number of rows. */
  count: number;
}

/** All of n rows. */
export const allRowsOf = (n: number): RowRange => ({ start: 0, count: n });

/** The i-th of k parts of n rows: in order, and of sizes that differ by one at most. */
export function rowRangeOf(n: number, i: number, k: number): RowRange {
  const start = Math.floor((n * i) / k);
  return { start, count: Math.floor((n * (i + 1)) / k) - start };
}

/** A message of rank 0 to the others: facts in JSON, and tensors by name. */
export interface RankMessage<T = unknown> {
  facts: T;
  tensors: ReadonlyMap<string, Tensor>;
}

/**
 * The processes of one training. Every rank runs the same program, and calls the same methods in the same order. All
 * methods throw a TorchError.
 */
export interface Ranks {
  /** This process, from 0. */
  readonly rank: number;
  /** The number of processes. */
  readonly size: number;
  /** Whether this is rank 0, which evaluates and writes. */
  readonly isMain: boolean;
  /** The share of a rank (default: this rank) of n rows. */
  part(n: number, rank?: number): RowRange;
  /** All ranks' rows joined along `dim`: each brings the next `counts[rank]`. */
  gather(rows: Tensor, counts: readonly number[], dim?: number): Tensor;
  /** The JSON values of all ranks, by rank. All ranks wait for each other. */
  fromAll<T>(value: T): T[];
  /** The largest of the ranks' integers in each place. */
  max(values: readonly number[]): number[];
  /** Returns rank 0's value, of JSON. */
  fromMain<T>(value: T): T;
  /**
   * Compares tensors of all ranks.
   * @throws an error that names the ranks whose tensors differ from rank 0's in any bit.
   */
  assertInSync(tensors: Iterable<Tensor>): void;
  /** Runs collective work; errors name the work. */
  run(what: string, work: () => void): void;
  /** Replaces gradients, of one shape on all ranks, and the float32 tensor `along` [k] by their means over the ranks. */
  average(gradients: readonly Tensor[], along: Tensor): void;
  /** Sums a tensor of any shape over the ranks, in place. */
  allReduce(t: Tensor): void;
  /** As rank 0: sends what the other ranks `listen` for. */
  tell(message: RankMessage): void;
  /**
   * As another rank: waits for rank 0's next message, however long that takes; null if rank 0 has left. The caller
   * disposes of the tensors.
   * @throws if rank 0 is gone.
   */
  listen<T>(): Promise<RankMessage<T> | null>;
  /** After `listen` returned null: why rank 0 failed; null if its work is done. */
  readonly mainFailure: string | null;
  /** Leaves the groups, with a `failure` without waiting for the others. Rank 0 tells them. */
  leave(options?: { failure?: string | null }): void;
}

/** The only rank of one process. */
export const localRanks: Ranks = {
  rank: 0,
  size: 1,
  isMain: true,
  part: allRowsOf,
  gather: (rows) => rows,
  fromAll: (value) => [value],
  max: (values) => [...values],
  fromMain: (value) => value,
  assertInSync() {},
  run: (_what, work) => work(),
  average() {},
  allReduce() {},
  tell() {},
  listen: () => Promise.resolve(null),
  mainFailure: null,
  leave() {},
};

/** What a rank trains on of each batch. */
export interface BatchShare {
  /** The rank's pairs among all pairs of a batch. */
  part: RowRange;
  /** Pairs of a whole batch, each of which is repeated. */
  pairs: number;
  /** Rows that this rank trains on. */
  rows: number;
  /** Places in this share, int64 [m], of every k-th row of the whole batch. */
  every(k: number, device: Device): Tensor;
  /** Ranks that share a batch. */
  among: number;
  /** Of numbers drawn for the whole batch [B, …] the numbers of this rank's rows. */
  own(drawn: Tensor): Tensor;
}

/** This rank's share of each batch of a problem; all of it if ranks do not share batches. */
export function batchShare({
  optimisation: { batchSize, repeat },
  execution: { ranks, shareBatch },
}: Pick<CompleteProblem, "optimisation" | "execution">): BatchShare {
  const pairs = batchSize / repeat;
  const sharing = shareBatch ? ranks : localRanks;
  const part = sharing.part(pairs);
  const { start, count } = part;
  const own = (drawn: Tensor): Tensor => {
    if (count === pairs) return drawn;
    if (repeat === 1) return drawn.narrow(0, start, count);
    const rest = drawn.shape.slice(1);
    return drawn
      .reshape([repeat, pairs, ...rest])
      .narrow(1, start, count)
      .reshape([repeat * count, ...rest]);
  };
  const rows = repeat * count;
  const every = (k: number, device: Device): Tensor => {
    const blocks = Array.from({ length: repeat }, (_, block) => {
      const before = (block * pairs + start) % k;
      const first = Math.min(count, (k - before) % k);
      return arange(block * count + first, (block + 1) * count, {
        step: k,
        dtype: "int64",
        device,
      });
    });
    return cat(blocks);
  };
  return { part, pairs, rows, every, among: sharing.size, own };
}

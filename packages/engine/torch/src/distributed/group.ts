// c10d's collectives, with errors that name the rank.

import { isGone } from "@dsbm/files";
import { invoke } from "../binding/dispatch.js";
import { tidy } from "../binding/handle.js";
import { withTorchErrors } from "../binding/native.js";
import { isContiguous } from "../io/elements.js";
import { empty, tensor as fromArray, zeros } from "../tensor/create.js";
import { noGrad } from "../tensor/grad.js";
import type { Tensor } from "../tensor/tensor.js";
import {
  distributedError,
  isDistributedError,
  nameRanks,
  type RankError,
  reasonOf,
} from "./errors.js";
import { c10d, ops } from "./native.js";
import type { Peer } from "./sign-in.js";
import type { Store } from "./store.js";

interface GroupFacts {
  rank: number;
  peers: readonly Peer[];
  /** Closed with the group. */
  store: Store;
  isExposed: boolean;
}

function isCollective(error: unknown): boolean {
  if (isDistributedError(error) || !(error instanceof Error)) return false;
  return (error as NodeJS.ErrnoException).code === "ERR_TORCH_DISTRIBUTED";
}

const cell = new Int32Array(new SharedArrayBuffer(4));

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const decode = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

/** The ranks that exchange tensors. All ranks call the same methods in the same order, with tensors of one dtype and shape. */
export class ProcessGroup {
  /** Number of the group in this process. */
  readonly id: number;
  /** This process, from 0 to `worldSize` − 1. */
  readonly rank: number;
  /** The number of processes. */
  readonly worldSize: number;
  /** Keys and values that all ranks share. */
  readonly store: Store;
  /** Whether whoever reaches the network can read, change and stop what the ranks exchange. */
  readonly isExposed: boolean;
  readonly #peers: readonly Peer[];
  #failed: RankError | null = null;
  #closed = false;

  constructor(id: number, facts: GroupFacts) {
    this.id = id;
    this.rank = facts.rank;
    this.worldSize = facts.peers.length;
    this.store = facts.store;
    this.isExposed = facts.isExposed;
    this.#peers = facts.peers;
  }

  /**
   * Reduces `tensor` in place and returns it.
   * @throws {TorchError}
   */
  allReduce<T extends Tensor>(tensor: T, { op = "sum" }: { op?: "sum" | "max" } = {}): T {
    return this.#inPlace("allReduce", tensor, (plain) => {
      invoke(ops.allReduce, plain, this.id, op);
    });
  }

  /**
   * Overwrites `tensor` with the tensor of `root` and returns it.
   * @throws {TorchError}
   */
  broadcast<T extends Tensor>(tensor: T, root = 0): T {
    return this.#inPlace("broadcast", tensor, (plain) => {
      invoke(ops.broadcast, plain, this.id, root);
    });
  }

  /**
   * All ranks' tensors [...], stacked by rank: [worldSize, ...].
   * @throws {TorchError}
   */
  allGather(tensor: Tensor): Tensor {
    const { dtype, device, shape, numel } = tensor;
    return this.run("allGather", () =>
      tidy(() =>
        noGrad(() => {
          const all = empty([this.worldSize, ...shape], { dtype, device });
          if (numel > 0) {
            invoke(ops.allGather, all, tensor.contiguous(), this.id);
            invoke(ops.wait, all);
          }
          return all;
        }),
      ),
    );
  }

  /**
   * Waits until all ranks are here.
   * @throws {TorchError} that names the missing ranks.
   */
  barrier(): void {
    this.run("barrier", () => tidy(() => this.allReduce(zeros([1])).dispose()));
  }

  /**
   * The JSON values of all ranks, by rank.
   * @throws {TorchError}
   */
  allGatherObject<T>(value: T): T[] {
    const bytes = encode(value);
    return tidy(() => {
      const lengths = this.allGather(fromArray([bytes.length], { dtype: "int64" })).toNumbers();
      const longest = Math.max(...lengths);
      const padded = new Uint8Array(longest);
      padded.set(bytes);
      const all = this.allGather(fromArray(padded)).toArray() as Uint8Array;
      return lengths.map(
        (n, rank) => decode(all.subarray(rank * longest, rank * longest + n)) as T,
      );
    });
  }

  /**
   * The JSON value of rank 0; values of other ranks are ignored.
   * @throws {TorchError}
   */
  broadcastObject<T>(value: T): T {
    const bytes = this.rank === 0 ? encode(value) : new Uint8Array();
    return tidy(() => {
      const [n] = this.broadcast(fromArray([bytes.length], { dtype: "int64" })).toNumbers();
      const data = this.rank === 0 ? fromArray(bytes) : empty([n], { dtype: "uint8" });
      return decode(this.broadcast(data).toArray() as Uint8Array) as T;
    });
  }

  /**
   * Runs a function with collectives, and explains their errors; `what` names it.
   * @throws {TorchError} if a collective fails or failed before, or after `destroy`
   */
  run<T>(what: string, fn: () => T): T {
    if (this.#failed)
      throw distributedError(
        `${what}: the group failed before (${this.#failed.message}); start the processes again`,
        this.#failed.ranks,
        this.#failed,
      );
    if (this.#closed) throw distributedError(`${what}: the group was destroyed`);
    try {
      return fn();
    } catch (error) {
      if (!isCollective(error)) throw error;
      throw this.#explain(what, error);
    }
  }

  /** Leaves the group, after the other ranks unless `barrier: false`: the store must outlive its users. Idempotent. */
  destroy({ barrier = true }: { barrier?: boolean } = {}): void {
    if (this.#closed) return;
    try {
      if (barrier && !this.#failed) this.barrier();
    } finally {
      this.#close();
      this.store.close();
    }
  }

  #inPlace<T extends Tensor>(what: string, tensor: T, start: (plain: Tensor) => void): T {
    if (tensor.numel === 0) return tensor;
    return this.run(what, () =>
      tidy(() =>
        noGrad(() => {
          const plain = isContiguous(tensor.shape, tensor.strides) ? tensor : tensor.contiguous();
          start(plain);
          invoke(ops.wait, plain);
          if (plain !== tensor) tensor.copy_(plain);
          return tensor;
        }),
      ),
    );
  }

  #close(): void {
    this.#closed = true;
    withTorchErrors(() => c10d.groupClose(this.id, !this.#failed));
  }

  #explain(what: string, error: unknown): RankError {
    const reason = reasonOf(error);
    // Another collective of this rank failed before.
    if (this.#closed) return distributedError(`${what}: ${reason}`, [], error);
    const dead = () => this.#peers.filter((peer) => isGone(peer.process));
    // A process ends some time after its connections.
    for (let i = 0; i < 50 && dead().length === 0; i++) Atomics.wait(cell, 0, 0, 20);
    const gone = dead().map((peer) => peer.rank);
    const problem =
      gone.length > 0
        ? `${nameRanks(gone)} ${gone.length > 1 ? "are" : "is"} gone`
        : "another rank failed or came late; see its own messages";
    this.#failed = distributedError(`${what}: ${problem} (${reason})`, gone, error);
    // Ranks that wait for this one fail, too.
    this.#close();
    return this.#failed;
  }
}

// c10d's collectives, blocking or awaited, with errors that name the rank.

import { invoke } from "../binding/dispatch.js";
import { TorchError } from "../binding/errors.js";
import { tidy } from "../binding/handle.js";
import { guarded } from "../binding/native.js";
import { empty, tensor as fromArray } from "../tensor/create.js";
import { noGrad } from "../tensor/grad.js";
import type { Tensor } from "../tensor/tensor.js";
import { blocking, diagnose, linger } from "./diagnosis.js";
import { distributedError, isDistributedError, type RankError, reasonOf } from "./errors.js";
import { broadcasting, type Exchange, gathering, reducing } from "./exchange.js";
import { compareHeaders, HEADER, headerOf, type Reduction } from "./header.js";
import { c10d, ops } from "./native.js";
import type { Store } from "./store.js";

export interface Closing {
  close(): void;
}

export interface GroupFacts {
  backend: string;
  rank: number;
  worldSize: number;
  localRank: number;
  localSize: number;
  timeoutMs: number;
  store: Store;
  hosted: boolean;
  check: boolean;
  owned: readonly Closing[];
  /** Whether whoever reaches the network can read, change and stop what the ranks exchange. */
  isExposed: boolean;
}

export interface CallOptions {
  /** Whether ranks first compare what they call. Must be off inside recorded functions. */
  check?: boolean;
}
export interface ReduceOptions extends CallOptions {
  /** Default `sum`. */
  op?: Reduction;
}

function isCollective(error: unknown): boolean {
  if (isDistributedError(error) || !(error instanceof Error)) return false;
  return (error as NodeJS.ErrnoException).code === "ERR_TORCH_DISTRIBUTED";
}

function encode(value: unknown): Uint8Array {
  const text = JSON.stringify(value);
  if (text === undefined)
    throw new TorchError("ERR_TORCH_TYPE", `${typeof value} is no JSON; expected a value of JSON`);
  return new TextEncoder().encode(text);
}

const decode = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

export class Group {
  readonly backend: string;
  readonly rank: number;
  readonly worldSize: number;
  readonly localRank: number;
  readonly localSize: number;
  readonly timeoutMs: number;
  readonly store: Store;
  /** Whether whoever reaches the network can read, change and stop what the ranks exchange. */
  readonly isExposed: boolean;
  readonly #id: number;
  readonly #facts: GroupFacts;
  #failed: RankError | null = null;
  #closed = false;

  constructor(id: number, facts: GroupFacts) {
    this.#id = id;
    this.#facts = facts;
    ({ backend: this.backend, rank: this.rank, worldSize: this.worldSize } = facts);
    ({ localRank: this.localRank, localSize: this.localSize } = facts);
    ({ timeoutMs: this.timeoutMs, store: this.store, isExposed: this.isExposed } = facts);
  }

  /** Collectives that this rank has begun, comparisons included. */
  get started(): number {
    return guarded(() => c10d.groupStarted(this.#id));
  }

  get id(): number {
    return this.#id;
  }

  /**
   * Reduces `tensor`, of one shape on all ranks, in place and returns it. `mean` needs floating point. Throws a
   * TorchError.
   */
  allReduce<T extends Tensor>(tensor: T, { op = "sum", check }: ReduceOptions = {}): T {
    return this.#sync(reducing(this, tensor, op), check);
  }

  /**
   * Overwrites `tensor`, of one shape on all ranks, with the tensor of `root` and returns it.
   * Throws a TorchError.
   */
  broadcast<T extends Tensor>(tensor: T, root = 0, { check }: CallOptions = {}): T {
    return this.#sync(broadcasting(this, tensor, root), check);
  }

  /** All ranks' tensors, of one shape [...], stacked by rank: [worldSize, ...]. Throws a TorchError. */
  allGather(tensor: Tensor, { check }: CallOptions = {}): Tensor {
    return this.#sync(gathering(this, tensor), check);
  }

  /** Waits until all ranks are here. Throws a TorchError that names the missing ranks. */
  barrier(): void {
    // Comparing calls is a barrier: no rank has all headers before every rank has sent its own.
    const nothing = {
      name: "barrier",
      detail: 0,
      compared: null,
      begin: () => null,
      end: () => {},
    };
    this.#sync(nothing as Exchange<void>, true);
  }

  /** The JSON values of all ranks, by rank. Throws a TorchError. */
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

  /** The JSON value of `root`; values of other ranks are ignored. Throws a TorchError. */
  broadcastObject<T>(value: T, root = 0): T {
    const bytes = this.rank === root ? encode(value) : new Uint8Array();
    return tidy(() => {
      const [n] = this.broadcast(fromArray([bytes.length], { dtype: "int64" }), root).toNumbers();
      const data = this.rank === root ? fromArray(bytes) : empty([n as number], { dtype: "uint8" });
      return decode(this.broadcast(data, root).toArray() as Uint8Array) as T;
    });
  }

  /** Runs a function with collectives, and explains their errors; `what` names it. */
  run<T>(what: string, fn: () => T): T {
    this.#ready(what);
    try {
      return fn();
    } catch (error) {
      if (!isCollective(error)) throw error;
      throw blocking(this.#explain(what, error));
    }
  }

  /** Leaves the group, after the other ranks unless `barrier: false`: the store must outlive its users. Idempotent. */
  destroy({ barrier = true }: { barrier?: boolean } = {}): void {
    if (this.#closed) return;
    try {
      if (barrier && !this.#failed) this.barrier();
    } finally {
      this.#close();
      for (const one of this.#facts.owned) one.close();
    }
  }
  [Symbol.dispose](): void {
    this.destroy({ barrier: false });
  }

  #close(): void {
    this.#closed = true;
    guarded(() => c10d.groupClose(this.#id, !this.#failed));
  }

  #ready(what: string): void {
    if (this.#failed)
      throw distributedError(
        `${what}: the group failed before (${this.#failed.message}); start the processes again`,
        this.#failed.ranks,
        this.#failed,
      );
    if (this.#closed) throw distributedError(`${what}: the group was destroyed`);
  }

  #sync<T>(exchange: Exchange<T>, check = this.#facts.check): T {
    const { name } = exchange;
    this.#ready(name);
    try {
      return tidy(() =>
        noGrad(() => {
          if (check) this.#compare(exchange);
          const written = exchange.begin();
          if (written) invoke(ops.wait, written);
          return exchange.end(written);
        }),
      );
    } catch (error) {
      if (!isCollective(error)) throw error;
      throw blocking(this.#explain(name, error));
    }
  }

  #header({ name, detail, compared }: Exchange<unknown>): Tensor {
    const all = empty([this.worldSize, HEADER], { dtype: "int64" });
    try {
      const own = fromArray(headerOf(name, detail, compared));
      invoke(ops.allGather, all, own, this.#id);
    } catch (error) {
      if (!(error instanceof TorchError) || error.code !== "ERR_TORCH_RECORDING") throw error;
      throw new TorchError(
        error.code,
        `${name} compares what the ranks call, which cannot be recorded: pass { check: false } inside a recorded function`,
      );
    }
    return all;
  }
  #compare(exchange: Exchange<unknown>): void {
    const all = this.#header(exchange);
    invoke(ops.wait, all);
    compareHeaders(all.rawArray() as BigInt64Array);
  }

  *#explain(name: string, error: unknown): Generator<number, RankError> {
    if (this.#failed) return this.#failed;
    // Another collective of this rank failed before and is being explained.
    if (this.#closed) return distributedError(`${name}: ${reasonOf(error)}`, [], error);
    const { store, rank, worldSize, timeoutMs, backend } = this;
    const { hosted } = this.#facts;
    const what = `${name} (collective ${this.started})`;
    const diagnosis = yield* diagnose({
      store,
      rank,
      worldSize,
      timeoutMs,
      backend,
      hosted,
      what,
      error,
      leave: () => this.#close(),
    });
    this.#failed ??= diagnosis;
    this.#close();
    const others = Array.from({ length: worldSize }, (_, r) => r).filter(
      (r) => r !== rank && !diagnosis.ranks.includes(r),
    );
    if (hosted && rank === 0) yield* linger(store, others);
    return diagnosis;
  }
}

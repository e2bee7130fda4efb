// Exact distances of many points, each in its own thread: one distance takes long and uses one core.
import { Worker } from "node:worker_threads";
import { type Estimate, wasserstein } from "@dsbm/bridge";
import { isPage } from "@dsbm/files";
import { allFinite, type Tensor } from "@dsbm/torch";

/** Two clouds of points whose distance a thread computes. */
export interface DistanceTask {
  points: { values: Float32Array | Float64Array; shape: number[] }[];
  p: 1 | 2;
  seed: number;
}

/** A thread, and the end of the distances that it has to compute. */
interface Lane {
  worker: Worker | null;
  last: Promise<unknown>;
}

/** Products of rows above which a distance takes a thread. */
const leastPairs = 1000 * 1000;
const mostThreads = 4;
const thread = new URL("../dist/distance-thread.js", import.meta.url);

/** Exact distances in threads, in the order of their calls. */
export class Distances implements Disposable {
  readonly #lanes: Lane[];
  readonly #signal: AbortSignal | undefined;
  #count = 0;

  /**
   * `threads`: number of simultaneous distances. An aborted `signal` ends threads and rejects their
   * distances.
   */
  constructor({ threads, signal }: { threads: number; signal?: AbortSignal | undefined }) {
    this.#lanes = Array.from({ length: Math.max(1, Math.min(mostThreads, threads)) }, () => ({
      worker: null,
      last: Promise.resolve(),
    }));
    this.#signal = signal;
  }

  /**
   * The p-Wasserstein distance of x [n, d] and y [m, d] as `wasserstein`. Reads the points before it returns.
   * @throws {BridgeError} as `wasserstein`.
   */
  async wasserstein(x: Tensor, y: Tensor, { p, seed }: { p: 1 | 2; seed: number }) {
    const areFinite = allFinite(x) && allFinite(y);
    // NaN and infinite values are refused here.
    if (isPage || !areFinite || x.size(0) * y.size(0) < leastPairs)
      return estimate(wasserstein(x, y, { p, seed }));
    const points = [x, y].map((t) => ({
      values: t.toArray() as Float32Array | Float64Array,
      shape: [...t.shape],
    }));
    const lane = this.#lanes[this.#count++ % this.#lanes.length];
    const answer = lane.last.then(() => this.#inThread(lane, { points, p, seed }));
    lane.last = answer.catch(() => {});
    return estimate(await answer);
  }

  async #inThread(lane: Lane, task: DistanceTask): Promise<Estimate> {
    this.#signal?.throwIfAborted();
    lane.worker ??= new Worker(thread);
    const { worker } = lane;
    worker.ref();
    const stop = () => void worker.terminate();
    this.#signal?.addEventListener("abort", stop, { once: true });
    try {
      return await new Promise<Estimate>((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", reject);
        worker.once("exit", (code) =>
          reject(this.#signal?.reason ?? new Error(`a thread ended with code ${code}`)),
        );
        worker.postMessage(task);
      });
    } catch (error) {
      lane.worker = null;
      throw error;
    } finally {
      for (const event of ["message", "error", "exit"]) worker.removeAllListeners(event);
      worker.unref();
      this.#signal?.removeEventListener("abort", stop);
    }
  }

  [Symbol.dispose](): void {
    for (const { worker } of this.#lanes) void worker?.terminate();
  }
}

const estimate = ({ value, low, high }: Estimate): Estimate => ({ value, low, high });

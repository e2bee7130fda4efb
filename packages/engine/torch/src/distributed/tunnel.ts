// Connections of ranks on several machines, for those who know the run's secret: whatever belongs to the run listens on the
// loopback alone, each rank at an address of its own, and one port of each rank is open to others (tunnel-worker.ts).
import { Worker } from "node:worker_threads";
import { DistributedError } from "./errors.js";
import { derive } from "./secret.js";
import { BUSY, type Calls, type Outer, REFUSED, type Settings } from "./tunnel-calls.js";

export class Tunnel {
  readonly #worker: Worker;
  readonly #counts: Int32Array;
  readonly #addresses: string[];
  readonly #answers = new Map<number, (answer: { value?: unknown; failed?: string }) => void>();
  #asked = 0;
  #failed: string | null = null;

  /** `run` is the same on all ranks of a run, and differs between runs. */
  constructor(
    readonly rank: number,
    worldSize: number,
    { secret, run }: { secret: Uint8Array; run: string },
  ) {
    const shared = new SharedArrayBuffer(8);
    this.#counts = new Int32Array(shared);
    // 127.1.0.0 to 127.254.255.255, which Linux has without setting them up.
    const first = derive(secret, `addresses ${run}`, 4).readUInt32BE();
    this.#addresses = Array.from({ length: worldSize }, (_, r) => {
      const n = 0x10000 + ((first + r) % 0xfe0000);
      return `127.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
    });
    const workerData = { rank, secret, addresses: this.#addresses, counts: shared };
    this.#worker = new Worker(new URL("./tunnel-worker.js", import.meta.url), {
      workerData: workerData satisfies Settings,
      execArgv: [],
    });
    this.#worker.on("message", ({ id, ...answer }) => this.#answers.get(id)?.(answer));
    this.#worker.on("error", ({ message }) => this.#end(message));
    this.#worker.on("exit", () => this.#end("it was closed"));
    this.#worker.unref();
  }

  /** A rank's own address of the loopback, on every machine. */
  addressOf(rank: number): string {
    return this.#addresses[rank] as string;
  }
  get address(): string {
    return this.addressOf(this.rank);
  }
  /** How many connections to this rank did not know the secret. */
  get refused(): number {
    return Atomics.load(this.#counts, REFUSED);
  }

  /** Opens this rank's port to the others, on an address or, where it is "", on all; gives the port. */
  listen(address: string, port: number): Promise<number> {
    return this.#ask("listen", [address, port], (failed) =>
      failed === "EADDRINUSE"
        ? `port ${port} is in use, so rank ${this.rank} cannot be reached there: set MASTER_PORT to a free one on every rank`
        : `rank ${this.rank} cannot listen on ${address}:${port}: ${failed}`,
    );
  }
  /** Lets the other ranks reach a port of this rank's address. */
  allow(port: number, { asStore = false } = {}): Promise<void> {
    return this.#ask("allow", [port, asStore]);
  }
  /** Waits for a rank's port, to the deadline and at most two seconds longer; gives this machine's address on the way. Throws a DistributedError. */
  reach(to: Outer, deadline: number): Promise<string> {
    const place = `${to.host}:${to.port}`;
    const problem = (failed: string) =>
      /SSL|CERT/.test(failed)
        ? `rank ${to.rank} at ${place} has another secret than rank ${this.rank}, or none: give all ranks the same dist_secret or DSBM_DIST_SECRET (${failed})`
        : `rank ${to.rank} does not answer at ${place} (${failed}): has it started, with the same secret, and are MASTER_ADDR and MASTER_PORT the same on every rank?`;
    return this.#ask("reach", [to, deadline], problem, [to.rank]);
  }
  /** Leads a port of `address` (0: a free one) to one of another rank's own address (0: its store); gives the port. */
  forward(address: string, port: number, to: Outer, target = port): Promise<number> {
    const what = `rank ${this.rank} cannot listen on ${address}:${port} for rank ${to.rank}`;
    return this.#ask("forward", [address, port, to, target], (failed) => `${what}: ${failed}`);
  }

  /** Ends the thread, after what was sent has left, for at most two seconds. */
  close(): void {
    const cell = new Int32Array(new SharedArrayBuffer(4));
    for (let waited = 0; waited < 2000 && Atomics.load(this.#counts, BUSY) > 0; waited += 5)
      Atomics.wait(cell, 0, 0, 5);
    void this.#worker.terminate();
  }

  #end(reason: string): void {
    this.#failed ??= reason;
    for (const answer of this.#answers.values()) answer({ failed: reason });
  }

  /** What the thread answers; where it fails a DistributedError with that problem, if there is one. */
  async #ask<K extends keyof Calls>(
    call: K,
    words: Parameters<Calls[K]>,
    problem?: (failed: string) => string,
    ranks: number[] = [],
  ): Promise<ReturnType<Calls[K]>> {
    const id = this.#asked++;
    // The thread keeps the process alive while it is asked.
    this.#worker.ref();
    const { value, failed } = await new Promise<{ value?: unknown; failed?: string }>((resolve) => {
      this.#answers.set(id, resolve);
      this.#worker.postMessage({ id, call, words });
      if (this.#failed !== null) resolve({ failed: this.#failed });
    });
    this.#answers.delete(id);
    if (this.#answers.size === 0) this.#worker.unref();
    if (failed !== undefined && problem) throw new DistributedError(problem(failed), ranks);
    return value as ReturnType<Calls[K]>;
  }
}

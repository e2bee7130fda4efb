// c10d's key-value stores, to find each other and to report failures.
import { guarded } from "../binding/native.js";
import { distributedError, reasonOf } from "./errors.js";
import { c10d } from "./native.js";

function wrapped<T>(what: string, fn: () => T): T {
  try {
    return guarded(fn);
  } catch (error) {
    throw distributedError(`${what}: ${reasonOf(error)}`, [], error);
  }
}

export const isLoopback = (address: string) => /^(127\.|::1$|localhost$)/.test(address);

export class Store implements Disposable {
  readonly #id: number;
  #closing: (() => void) | null = null;

  private constructor(
    id: number,
    /** How it shows in messages: `tcp://127.0.0.1:29500`. */
    readonly name: string,
    /** Whether rank 0 lives, for stores whose calls do not fail when it is gone. */
    readonly isServed: () => boolean = () => true,
  ) {
    this.#id = id;
  }

  /**
   * PyTorch's TCPStore: one process `serves`, all connect within `timeoutMs`; port 0 takes a free port. It listens on
   * `listen` (default: the loopback for a loopback host, else all addresses) and trusts whoever connects. Throws a
   * TorchError.
   */
  static tcp(
    host: string,
    port: number,
    {
      serves = false,
      timeoutMs = 300_000,
      listen = isLoopback(host) ? "127.0.0.1" : "",
    }: { serves?: boolean; timeoutMs?: number; listen?: string } = {},
  ): Store {
    const name = `tcp://${host}:${port}`;
    try {
      const id = guarded(() => c10d.storeTcp(host, port, serves, timeoutMs, listen));
      return new Store(id, port === 0 ? `tcp://${host}:${c10d.storePort(id)}` : name);
    } catch (error) {
      const reason = reasonOf(error);
      throw distributedError(
        /EADDRINUSE|in use/i.test(reason)
          ? `port ${port} is in use, so rank 0 cannot serve the store there: set MASTER_PORT to a free one on every rank`
          : `no store at ${name}: ${reason}; has rank 0 started, and is the port the same on every rank?`,
        [],
        error,
      );
    }
  }

  /** PyTorch's FileStore, for `worldSize` processes; the last process deletes the file. */
  static file(path: string, worldSize: number, isServed?: () => boolean): Store {
    const name = `file://${path}`;
    return wrapped(name, () => new Store(c10d.storeFile(path, worldSize), name, isServed));
  }

  static memory(): Store {
    return wrapped("a store in memory", () => new Store(c10d.storeHash(), "memory"));
  }

  prefix(prefix: string): Store {
    const name = `${this.name}/${prefix}`;
    return wrapped(name, () => new Store(c10d.storePrefix(this.#id, prefix), name, this.isServed));
  }

  get port(): number {
    return this.#call("port", () => c10d.storePort(this.#id));
  }
  set(key: string, value: string): void {
    this.#call(`set ${key}`, () => c10d.storeSet(this.#id, key, value));
  }
  get(key: string): string {
    return this.bytes(key).toString("utf8");
  }
  /** The value as bytes, which c10d itself stores. */
  bytes(key: string): Buffer {
    return Buffer.from(
      this.#call(`get ${key}`, () => c10d.storeGet(this.#id, key)),
      "latin1",
    );
  }
  peek(key: string): string | undefined {
    return this.has(key) ? this.get(key) : undefined;
  }
  /** Adds to a whole number that begins at 0; gives the sum. */
  add(key: string, amount: number): number {
    return this.#call(`add ${key}`, () => c10d.storeAdd(this.#id, key, amount));
  }
  has(...keys: string[]): boolean {
    return this.#call(`check ${keys[0]}`, () => c10d.storeCheck(this.#id, keys));
  }
  delete(key: string): boolean {
    return this.#call(`delete ${key}`, () => c10d.storeDelete(this.#id, key));
  }
  /** Blocks until all the keys are there. Throws a TorchError after `timeoutMs`. */
  wait(keys: readonly string[], timeoutMs: number): void {
    // c10d's own wait of a file counts in seconds.
    if (!this.name.startsWith("file://")) {
      this.#call(`wait for ${keys[0]}`, () => c10d.storeWait(this.#id, keys, timeoutMs));
      return;
    }
    const cell = new Int32Array(new SharedArrayBuffer(4));
    const deadline = Date.now() + timeoutMs;
    for (let pause = 1; !this.has(...keys); pause = Math.min(2 * pause, 10)) {
      if (Date.now() >= deadline)
        throw distributedError(
          `store ${this.name}: wait for ${keys[0]}: not there after ${timeoutMs} ms`,
        );
      Atomics.wait(cell, 0, 0, pause);
    }
  }

  get id(): number {
    return this.#id;
  }
  close(): void {
    this.#closing?.();
    this.#closing = null;
    guarded(() => c10d.storeClose(this.#id));
  }
  onClose(closing: () => void): void {
    this.#closing = closing;
  }
  [Symbol.dispose](): void {
    this.close();
  }

  #call<T>(what: string, fn: () => T): T {
    return wrapped(`store ${this.name}: ${what}`, fn);
  }
}

import { withTorchErrors } from "../binding/native.js";
import { distributedError, reasonOf } from "./errors.js";
import { c10d } from "./native.js";

/** Whether an address means this machine only. */
export const isLoopback = (address: string) => /^(127\.|::1$|localhost$)/.test(address);

interface StoreOptions {
  /** Whether rank 0 lives, for stores whose calls do not fail when it is gone. */
  isServed?: () => boolean;
  /** Frees the resources of the rank. */
  release?: () => void;
}

/** A store of keys that all ranks share. Its calls throw a TorchError if they fail. */
export class Store implements Disposable {
  private constructor(
    readonly id: number,
    /** The address in messages, such as `tcp://127.0.0.1:29500`. */
    readonly name: string,
    readonly options: StoreOptions = {},
    /** The beginning of all its keys. */
    readonly path: string = "",
  ) {}

  /**
   * PyTorch's TCPStore: one process `serves`, all connect within `timeoutMs`. It listens on `listen` ("": all
   * addresses) and trusts whoever connects.
   * @throws {TorchError}
   */
  static tcp(
    host: string,
    port: number,
    {
      serves = false,
      timeoutMs,
      listen = "",
    }: { serves?: boolean; timeoutMs: number; listen?: string },
  ): Store {
    const name = `tcp://${host}:${port}`;
    try {
      return new Store(
        withTorchErrors(() => c10d.storeTcp(host, port, serves, timeoutMs, listen)),
        name,
      );
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
  static file(path: string, worldSize: number, options: StoreOptions = {}): Store {
    const name = `file://${path}`;
    return withStoreErrors(name, () => new Store(c10d.storeFile(path, worldSize), name, options));
  }

  /** The same store with keys below a prefix. */
  prefix(prefix: string): Store {
    return new Store(this.id, this.name, this.options, `${this.path}${prefix}/`);
  }

  /** Writes a value under a key. */
  set(key: string, value: string): void {
    this.#call(`set ${key}`, () => c10d.storeSet(this.id, this.path + key, value));
  }
  /** The value, or undefined if there is none. */
  peek(key: string): string | undefined {
    const bytes = this.#call(`get ${key}`, () => c10d.storeGet(this.id, this.path + key));
    return bytes === null ? undefined : Buffer.from(bytes, "latin1").toString("utf8");
  }
  /** Adds to a whole number that begins at 0; gives the sum. */
  add(key: string, amount: number): number {
    return this.#call(`add ${key}`, () => c10d.storeAdd(this.id, this.path + key, amount));
  }

  /** Whether rank 0 still serves the store. */
  isServed(): boolean {
    return this.options.isServed?.() ?? true;
  }

  /** Frees the resources of this rank, and the server on rank 0. */
  close(): void {
    this.options.release?.();
    withTorchErrors(() => c10d.storeClose(this.id));
  }
  [Symbol.dispose](): void {
    this.close();
  }

  #call<T>(what: string, fn: () => T): T {
    return withStoreErrors(`store ${this.name}: ${what}`, fn);
  }
}

function withStoreErrors<T>(what: string, fn: () => T): T {
  try {
    return withTorchErrors(fn);
  } catch (error) {
    throw distributedError(`${what}: ${reasonOf(error)}`, [], error);
  }
}

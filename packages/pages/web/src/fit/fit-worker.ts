import { WebBridgeError } from "../bridge/bridge.js";
import type { FitAnswer, FitCalls, FitEvent, FitFile } from "./messages.js";
import { storeFiles } from "./store.js";

/** Where the script of a fit lies, and whether the browser keeps its run. */
export interface FitWorkerOptions {
  /** The worker, or its address (default: `@dsbm/web/bundle/fit-worker.js`). */
  worker?: Worker | string | URL | undefined;
  /** Whether the run is kept in IndexedDB, so that a later page resumes it (default: true). */
  keep?: boolean | undefined;
}

interface WaitingCall {
  resolve(value: never): void;
  reject(error: unknown): void;
  onProgress?: ((progress: FitEvent) => void) | undefined;
}

const errorOf = ({ message, isOurs }: { message: string; isOurs: boolean }): Error =>
  isOurs ? new WebBridgeError(message) : new Error(message);

const usualScript = () => new URL("../bundle/fit-worker.js", import.meta.url);

/** The worker of one run, with a copy of the run's files. */
export class FitWorker {
  readonly #worker: Worker;
  readonly #isKept: boolean;
  readonly #files = new Map<string, Uint8Array>();
  readonly #waiting = new Map<number, WaitingCall>();
  #last = 0;
  #saving: Promise<unknown> = Promise.resolve();

  constructor(
    readonly name: string,
    { worker = usualScript(), keep = true }: FitWorkerOptions,
  ) {
    this.#worker = worker instanceof Worker ? worker : new Worker(worker, { type: "module" });
    this.#isKept = keep;
    this.#worker.onmessage = ({ data }: MessageEvent<FitAnswer>) => this.#receive(data);
    this.#worker.onerror = (event) => this.#fail(event.message ?? "its script cannot be loaded");
  }

  #receive(answer: FitAnswer): void {
    if ("files" in answer) {
      this.#keep(answer.files);
      return;
    }
    const waiting = this.#waiting.get(answer.id);
    if ("progress" in answer) {
      waiting?.onProgress?.(answer.progress);
      return;
    }
    this.#waiting.delete(answer.id);
    if ("value" in answer) waiting?.resolve(answer.value as never);
    else waiting?.reject(errorOf(answer.error));
  }

  #keep(files: readonly FitFile[]): void {
    for (const [path, bytes] of files)
      if (bytes) this.#files.set(path, bytes);
      else this.#files.delete(path);
    if (!this.#isKept) return;
    // A browser without room, or without IndexedDB, keeps the run as long as the page.
    this.#saving = this.#saving.then(() => storeFiles(this.name, files)).catch(() => {});
  }

  #fail(reason: string): void {
    for (const { reject } of this.#waiting.values())
      reject(new Error(`the worker failed: ${reason}`));
    this.#waiting.clear();
  }

  /**
   * Asks for a function of the worker.
   * @throws its error, and the reason of `signal`.
   */
  async ask<C extends keyof FitCalls>(
    call: C,
    values: Parameters<FitCalls[C]>,
    {
      onProgress,
      signal,
    }: {
      onProgress?: ((progress: FitEvent) => void) | undefined;
      signal?: AbortSignal | undefined;
    } = {},
  ): Promise<Awaited<ReturnType<FitCalls[C]>>> {
    signal?.throwIfAborted();
    const id = ++this.#last;
    const abort = () => this.#worker.postMessage({ id, call: "abort" });
    signal?.addEventListener("abort", abort);
    try {
      return await new Promise<Awaited<ReturnType<FitCalls[C]>>>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject, onProgress });
        this.#worker.postMessage({ id, call, values });
      });
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Puts files of an earlier page in place. */
  async restore(files: readonly FitFile[]): Promise<void> {
    for (const [path, bytes] of files) if (bytes) this.#files.set(path, bytes);
    if (files.length > 0) await this.ask("restore", [this.name, files]);
  }

  /** The text of a file of the run; null without it. */
  textOf(path: string): string | null {
    const bytes = this.#files.get(path);
    return bytes ? new TextDecoder().decode(bytes) : null;
  }

  /** Waits until the browser has written the run. */
  saved(): Promise<unknown> {
    return this.#saving;
  }

  /** Ends the worker. */
  end(): void {
    this.#worker.terminate();
    this.#fail("it was ended");
  }
}

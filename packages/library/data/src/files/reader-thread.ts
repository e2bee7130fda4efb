// A thread that reads one file of a foreign format: a damaged file may make its reader loop or take all memory, and must
// not end the process.
import { totalmem } from "node:os";
import { Worker } from "node:worker_threads";
import { badTable, type DatasetCode, DatasetError } from "../errors.js";

/** The answer of a thread: a value, or the error of its reader. */
export type ReaderAnswer = { value: unknown } | { code: DatasetCode; message: string };

/** Seconds without an answer until a file counts as damaged: at least, and for each MiB. */
const patience = { seconds: 60, each: 0.5 };
/** Node's number of a thread that has ended. */
const endedThread = -1;
const heapMb = Math.min(4096, totalmem() / 2 ** 21);

/** The thread of a file, which answers one task after the other; tasks that come at once wait for their turn. */
export class ReaderThread {
  #last: Promise<unknown> = Promise.resolve();
  readonly #path: string;
  readonly #seconds: number;
  readonly #worker: Worker;

  /** `thread` is a script that answers tasks about the file of `size` bytes; `seconds` limits each answer. */
  constructor(
    thread: URL,
    { path, size, seconds }: { path: string; size: number; seconds?: number | undefined },
    workerData: unknown,
  ) {
    this.#path = path;
    this.#seconds = seconds ?? patience.seconds + (patience.each * size) / 2 ** 20;
    this.#worker = new Worker(thread, {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
      // HDF5 prints its errors too.
      stderr: true,
    });
  }

  /**
   * The thread's next answer; the first one, without a task, has the facts of the file.
   * @throws {DatasetError} of the reader; `BadTable` beyond time or memory
   */
  ask<T>(task?: unknown): Promise<T> {
    const answer = this.#last.then(() => this.#askNow<T>(task));
    this.#last = answer.catch(() => {});
    return answer;
  }

  async #askNow<T>(task: unknown): Promise<T> {
    const worker = this.#worker;
    if (worker.threadId === endedThread)
      throw badTable(this.#path, "cannot be read, since its reader ended; open it again");
    worker.ref();
    let timer: NodeJS.Timeout | undefined;
    try {
      const answer = await new Promise<ReaderAnswer>((resolve, reject) => {
        const fail = (problem: string) => () =>
          reject(badTable(this.#path, `${problem}; write it again`));
        timer = setTimeout(() => {
          fail(`was not read in ${this.#seconds} s, so it seems damaged`)();
          // A late answer would be taken for the next task's.
          this.end();
        }, 1000 * this.#seconds);
        worker.once("message", resolve);
        worker.once("error", (error: NodeJS.ErrnoException) =>
          fail(
            error.code === "ERR_WORKER_OUT_OF_MEMORY"
              ? `takes more than ${Math.round(heapMb)} MB of memory to be read`
              : `cannot be read (${error.message})`,
          )(),
        );
        worker.once("exit", fail("cannot be read, since its reader ended"));
        if (task) worker.postMessage(task);
      });
      if ("value" in answer) return answer.value as T;
      throw new DatasetError(answer.code, answer.message);
    } finally {
      clearTimeout(timer);
      for (const event of ["message", "error", "exit"]) worker.removeAllListeners(event);
      worker.unref();
    }
  }

  /** Ends the thread. */
  end(): void {
    void this.#worker.terminate();
  }
}

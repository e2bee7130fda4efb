// Reads foreign formats, each file in a thread: a damaged file may make its reader loop or take all
// memory, and must not end the process.
import { totalmem } from "node:os";
import { Worker } from "node:worker_threads";
import { isPage } from "@dsbm/files";
import { badTable, type DatasetCode, DatasetError } from "../../errors.js";
import type { ColumnVariability } from "../counts.js";
import type { Opened, ReadOptions, RowBatch, RowRequest } from "../rows.js";
import { type ForeignFile, openFormat, unreadable } from "./foreign-file.js";

/** Asks for the next batch of a reading of the table, or how much its columns vary. */
export type ForeignTask = { id: number; request: Omit<RowRequest, "signal"> } | "variability";

/** The answer of a thread: a value, or the error of its reader. */
export type ForeignAnswer = { value: unknown } | { code: DatasetCode; message: string };

const thread = new URL("../../../dist/tables/read/foreign-thread.js", import.meta.url);

/** Seconds without an answer until a file counts as damaged: at least, and for each MiB. */
const patience = { seconds: 60, each: 0.5 };
const heapMb = Math.min(4096, totalmem() / 2 ** 21);

/** The thread of a file, which answers one task after the other. */
class ForeignReader {
  readonly #path: string;
  readonly #seconds: number;
  readonly #worker: Worker;

  constructor(file: ForeignFile, seconds: number | undefined) {
    this.#path = file.path;
    this.#seconds = seconds ?? patience.seconds + (patience.each * file.size) / 2 ** 20;
    this.#worker = new Worker(thread, {
      workerData: file,
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
      // HDF5 prints its errors too.
      stderr: true,
    });
  }

  /** The thread's next answer; the first one, without a task, has the facts of the table. */
  async ask<T>(task?: ForeignTask): Promise<T> {
    const worker = this.#worker;
    worker.ref();
    let timer: NodeJS.Timeout | undefined;
    try {
      const answer = await new Promise<ForeignAnswer>((resolve, reject) => {
        const fail = (problem: string) => () =>
          reject(badTable(this.#path, `${problem}; write it again`));
        timer = setTimeout(
          fail(`was not read in ${this.#seconds} s, so it seems damaged`),
          1000 * this.#seconds,
        );
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

  end(): void {
    void this.#worker.terminate();
  }
}

/**
 * Opens a table whose reader runs in a thread of its own.
 * @throws {DatasetError} `BadTable`, also beyond time or memory, and errors of the readers
 */
export async function openForeign(
  format: ForeignFile["format"],
  path: string,
  size: number,
  { layer, normalise, limits, seconds }: ReadOptions,
): Promise<Opened> {
  const file: ForeignFile = { format, path, size, options: { layer, normalise, limits } };
  if (isPage) return openHere(file);
  const reader = new ForeignReader(file, seconds);
  try {
    const table = await reader.ask<Omit<Opened, "batches" | "close">>();
    let readings = 0;
    return {
      ...table,
      close: () => reader.end(),
      ...(format === "h5ad" && {
        variability: () => reader.ask<ColumnVariability>("variability"),
      }),
      async *batches({ signal, ...request }: RowRequest) {
        const id = ++readings;
        for (;;) {
          signal?.throwIfAborted();
          const batch = await reader.ask<RowBatch | null>({ id, request });
          if (batch === null) return;
          yield batch;
        }
      },
    };
  } catch (error) {
    reader.end();
    throw error;
  }
}

/** In the worker of a page, which is a thread of its own. */
async function openHere(file: ForeignFile): Promise<Opened> {
  try {
    return await openFormat(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

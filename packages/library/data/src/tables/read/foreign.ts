// Reads foreign formats, each file in a thread: a damaged file may make its reader loop or take all
// memory, and must not end the process.
import { totalmem } from "node:os";
import { Worker } from "node:worker_threads";
import { badTable, type DatasetCode, DatasetError } from "../../errors.js";
import type { Opened, ReadOptions, RowBatch, RowRequest } from "../rows.js";

/** The file of a thread. */
export interface ForeignFile {
  format: "parquet" | "h5ad";
  path: string;
  size: number;
  options: Pick<ReadOptions, "layer" | "limits">;
}

/** Asks for the next batch of a reading of the table. */
export interface ForeignTask {
  id: number;
  request: Omit<RowRequest, "signal">;
}

export type ForeignAnswer = { value: unknown } | { code: DatasetCode; message: string };

const thread = new URL("../../../dist/tables/read/foreign-thread.js", import.meta.url);

/** Seconds without an answer until a file counts as damaged: at least, and for each MiB. */
const patience = { seconds: 60, each: 0.5 };
const heapMb = Math.min(4096, totalmem() / 2 ** 21);

/** Throws `BadTable`, also beyond time or memory, and errors of the readers. */
export async function openForeign(
  format: ForeignFile["format"],
  path: string,
  size: number,
  { layer, limits, seconds: most }: ReadOptions,
): Promise<Opened> {
  const workerData: ForeignFile = { format, path, size, options: { layer, limits } };
  // HDF5 prints its errors too.
  const worker = new Worker(thread, {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
    stderr: true,
  });
  const seconds = most ?? patience.seconds + (patience.each * size) / 2 ** 20;
  /** The thread's next answer; the first one has the facts of the table. */
  const ask = async <T>(task?: ForeignTask): Promise<T> => {
    worker.ref();
    let timer: NodeJS.Timeout | undefined;
    try {
      const answer = await new Promise<ForeignAnswer>((resolve, reject) => {
        const fail = (problem: string) => () =>
          reject(badTable(path, `${problem}; write it again`));
        timer = setTimeout(
          fail(`was not read in ${seconds} s, so it seems damaged`),
          1000 * seconds,
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
  };
  try {
    const table = await ask<Omit<Opened, "batches" | "close">>();
    let readings = 0;
    return {
      ...table,
      close: () => void worker.terminate(),
      async *batches({ signal, ...request }: RowRequest) {
        const id = ++readings;
        for (;;) {
          signal?.throwIfAborted();
          const batch = await ask<RowBatch | null>({ id, request });
          if (batch === null) return;
          yield batch;
        }
      },
    };
  } catch (error) {
    void worker.terminate();
    throw error;
  }
}

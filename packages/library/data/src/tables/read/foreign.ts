// Reads foreign formats, each file in a thread: a damaged file may make its reader loop or take all
// memory, and must not end the process.
import { totalmem } from "node:os";
import { Worker } from "node:worker_threads";
import { badTable, type DatasetCode, DatasetError } from "../../errors.js";
import type { Opened, ReadOptions, RowBatch, RowRequest } from "../rows.js";

export type ForeignFormat = "parquet" | "h5ad";

export type ForeignTask =
  | {
      open: {
        format: ForeignFormat;
        path: string;
        size: number;
        options: Pick<ReadOptions, "layer" | "limits">;
      };
    }
  | { begin: Omit<RowRequest, "signal">; id: number }
  | { next: number };

export type ForeignAnswer = { value: unknown } | { code: DatasetCode | null; message: string };

const thread = new URL("../../../dist/tables/read/foreign-thread.js", import.meta.url);

/** Seconds without an answer until a file counts as damaged: at least, and for each MiB. */
const patience = { seconds: 60, each: 0.5 };
const heapMb = Math.min(4096, totalmem() / 2 ** 21);

/** Throws `BadTable`, also beyond time or memory, and errors of the readers. */
export async function openForeign(
  format: ForeignFormat,
  path: string,
  size: number,
  { layer, limits, seconds: most }: ReadOptions,
): Promise<Opened> {
  // HDF5 prints its errors too.
  const worker = new Worker(thread, {
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
    stderr: true,
  });
  const seconds = most ?? patience.seconds + (patience.each * size) / 2 ** 20;
  const ask = async <T>(task: ForeignTask): Promise<T> => {
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
        worker.postMessage(task);
      });
      if ("value" in answer) return answer.value as T;
      throw answer.code === null
        ? new Error(answer.message)
        : new DatasetError(answer.code, answer.message);
    } catch (error) {
      if (!(error instanceof DatasetError) || error.code === "BadTable") void worker.terminate();
      throw error;
    } finally {
      clearTimeout(timer);
      for (const event of ["message", "error", "exit"]) worker.removeAllListeners(event);
      worker.unref();
    }
  };
  try {
    const table = await ask<Omit<Opened, "batches" | "close">>({
      open: { format, path, size, options: { layer, limits } },
    });
    let id = 0;
    return {
      ...table,
      close: () => void worker.terminate(),
      async *batches({ numbers = [], texts = [], signal }: RowRequest) {
        const call = ++id;
        await ask({ begin: { numbers, texts }, id: call });
        for (;;) {
          signal?.throwIfAborted();
          const batch = await ask<RowBatch | null>({ next: call });
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

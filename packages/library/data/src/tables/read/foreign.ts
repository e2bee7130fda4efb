// Reads tables of foreign formats, each file in a thread.
import { FileError, isPage } from "@dsbm/files";
import { ReaderThread } from "../../files/reader-thread.js";
import type { ColumnVariability } from "../counts.js";
import type { Opened, ReadOptions, RowBatch, RowRequest } from "../row-source.js";
import { type ForeignFile, openFormat, unreadable } from "./foreign-file.js";

/** Asks for the next step of a reading: of rows, or of how much the columns vary. */
export interface ForeignTask {
  id: number;
  request: Omit<RowRequest, "signal"> | "variability";
}

const thread = new URL("../../../dist/tables/read/foreign-thread.js", import.meta.url);

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
  const reader = new ReaderThread(thread, { path, size, seconds }, file);
  try {
    const table = await reader.ask<Omit<Opened, "batches" | "close">>();
    let readings = 0;
    async function* stepsOf<Step, End>(
      request: ForeignTask["request"],
      signal?: AbortSignal,
    ): AsyncGenerator<Step, End> {
      const id = ++readings;
      for (;;) {
        signal?.throwIfAborted();
        const { value, done } = await reader.ask<IteratorResult<Step, End>>({ id, request });
        if (done) return value;
        yield value;
      }
    }
    return {
      ...table,
      close: () => reader.end(),
      ...(format === "h5ad" && {
        variability: () => stepsOf<number, ColumnVariability>("variability"),
      }),
      batches: ({ signal, ...request }: RowRequest) => stepsOf<RowBatch, void>(request, signal),
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
    throw error instanceof FileError ? error : unreadable(file, error);
  }
}

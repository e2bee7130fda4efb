import fs from "node:fs";
import { resolve } from "node:path";
import { parentPort } from "node:worker_threads";
import { DatasetError, reason } from "../../errors.js";
import type { Opened, RowBatch } from "../rows.js";
import type { ForeignAnswer, ForeignTask } from "./foreign.js";

let table: Opened | null = null;
const running = new Map<number, AsyncGenerator<RowBatch>>();

/**
 * HDF5 files can name other files (links, external storage, virtual datasets). No other file is
 * opened.
 */
function lockFiles(path: string): void {
  const open = fs.openSync;
  fs.openSync = (other, ...rest) => {
    // HDF5 opens whole paths, and error texts in temporary files.
    if (resolve(String(other)) !== resolve(path) && !/^\/tmp\/tmpfile_\w+$/.test(String(other)))
      throw Object.assign(new Error(`${other} is another file`), { code: "ENOENT" });
    return open(other, ...rest);
  };
}

async function answer(task: ForeignTask): Promise<unknown> {
  if ("open" in task) {
    const { format, path, size, options } = task.open;
    if (format === "parquet")
      table = await (await import("./parquet.js")).openParquet(path, options);
    else {
      await (await import("h5wasm/node")).ready;
      lockFiles(path);
      table = await (await import("./h5ad/h5ad.js")).openH5ad(path, size, options);
    }
    const { batches: _, close: __, ...facts } = table;
    return facts;
  }
  if ("begin" in task) {
    running.set(task.id, (table as Opened).batches(task.begin));
    return true;
  }
  const next = await running.get(task.next)?.next();
  // Parts of a column would be sent with all of it.
  if (next && !next.done)
    return { ...next.value, numbers: next.value.numbers.map((column) => column.slice()) };
  running.delete(task.next);
  return null;
}

parentPort?.on("message", async (task: ForeignTask) => {
  let found: ForeignAnswer;
  try {
    found = { value: await answer(task) };
  } catch (error) {
    const code = error instanceof DatasetError ? error.code : null;
    found = { code, message: code ? reason(error) : String((error as Error)?.stack ?? error) };
  }
  parentPort?.postMessage(found);
});

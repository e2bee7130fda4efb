import fs from "node:fs";
import { resolve } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import type { Opened, RowBatch } from "../rows.js";
import type { ForeignAnswer, ForeignTask } from "./foreign.js";
import { type ForeignFile, openFormat, unreadable } from "./foreign-file.js";

const file = workerData as ForeignFile;
const { path } = file;
const running = new Map<number, AsyncGenerator<RowBatch>>();

/**
 * HDF5 files can name other files (links, external storage, virtual datasets). No other file is
 * opened.
 */
function lockFiles(): void {
  const open = fs.openSync;
  fs.openSync = (other, ...rest) => {
    // HDF5 opens whole paths, and error texts in temporary files.
    if (resolve(String(other)) !== resolve(path) && !/^\/tmp\/tmpfile_\w+$/.test(String(other)))
      throw Object.assign(new Error(`${other} is another file`), { code: "ENOENT" });
    return open(other, ...rest);
  };
}

async function openTable() {
  if (file.format === "h5ad") {
    await (await import("h5wasm/node")).ready;
    lockFiles();
  }
  return openFormat(file);
}

async function answer(operation: () => Promise<unknown>): Promise<void> {
  let message: ForeignAnswer;
  try {
    message = { value: await operation() };
  } catch (error) {
    const { code, message: text } = unreadable(file, error);
    message = { code, message: text };
  }
  parentPort?.postMessage(message);
}

const table = openTable();
answer(async () => {
  const { batches: _, close: __, variability: ___, ...facts }: Opened = await table;
  return facts;
});

parentPort?.on("message", (task: ForeignTask) =>
  answer(async () => {
    if (task === "variability") return ((await table) as Opened).variability?.();
    const { id, request } = task;
    const batches = running.get(id) ?? (await table).batches(request);
    running.set(id, batches);
    const { value, done } = await batches.next();
    if (done) running.delete(id);
    // Parts of a column would be sent with all of it.
    return done
      ? null
      : { ...value, numbers: value.numbers.map((column: Float64Array) => column.slice()) };
  }),
);

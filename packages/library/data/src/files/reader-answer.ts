// What threads of readers share: they open one file only, and answer by messages.
import fs from "node:fs";
import { resolve } from "node:path";
import { parentPort } from "node:worker_threads";
import type { DatasetError } from "../errors.js";
import type { ReaderAnswer } from "./reader-thread.js";

/**
 * Refuses to open other files in this thread: HDF5 files can name some (links, external storage, virtual datasets).
 * @throws {Error} later, as for a missing file, when another file is opened
 */
export function lockFiles(path: string): void {
  const open = fs.openSync;
  fs.openSync = (other, ...rest) => {
    // HDF5 opens whole paths, and error texts in temporary files.
    if (resolve(String(other)) !== resolve(path) && !/^\/tmp\/tmpfile_\w+$/.test(String(other)))
      throw Object.assign(new Error(`${other} is another file`), { code: "ENOENT" });
    return open(other, ...rest);
  };
}

/** Sends the result of `operation`, or its error as `unreadable` says it. */
export async function answer(
  operation: () => Promise<unknown>,
  unreadable: (error: unknown) => DatasetError,
): Promise<void> {
  let message: ReaderAnswer;
  try {
    message = { value: await operation() };
  } catch (error) {
    const { code, message: text } = unreadable(error);
    message = { code, message: text };
  }
  parentPort?.postMessage(message);
}

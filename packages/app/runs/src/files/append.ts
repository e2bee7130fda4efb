// Files that grow by whole records. A record that a crash cut off is removed when the file is opened again.
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";
import { fileOperation, RunError } from "../errors.js";
import { makeFolder, writeAll } from "./write.js";

/** A file that grows; every method throws RunError. */
export interface AppendFile {
  /** Appends bytes in one piece; on failure the file is as before. */
  append(bytes: Uint8Array): void;
  /** Forces everything appended so far onto the disk (fsync). */
  flush(): void;
  /** Flushes and closes; a second call does nothing. */
  close(): void;
}

/** Opens a file for appending; `wholeBytes` says how many bytes of what is there are whole records. */
export function openAppendFile(
  path: string,
  wholeBytes: (fd: number, size: number) => number,
): AppendFile {
  makeFolder(dirname(path));
  let fd: number | undefined = fileOperation("open", path, () => openSync(path, "a+"));
  const guarded = <T>(action: string, operation: (fd: number) => T): T =>
    fileOperation(action, path, () => {
      if (fd !== undefined) return operation(fd);
      throw new RunError("closed", `cannot write ${path}: it was closed before, open it again`);
    });
  guarded("repair", (file) => {
    const { size } = fstatSync(file);
    const whole = wholeBytes(file, size);
    if (whole < size) ftruncateSync(file, whole);
  });
  return {
    append: (bytes) =>
      guarded("append to", (file) => {
        const { size } = fstatSync(file);
        try {
          writeAll(file, bytes);
        } catch (error) {
          ftruncateSync(file, size);
          throw error;
        }
      }),
    flush: () => guarded("flush", fsyncSync),
    close() {
      if (fd === undefined) return;
      const file = fd;
      try {
        guarded("flush", fsyncSync);
      } finally {
        fd = undefined;
        closeSync(file);
      }
    },
  };
}

/** A file of lines. */
export type LineWriter = Omit<AppendFile, "append"> & {
  /** Appends a line and its end in one piece; on failure the file is as before. */
  append(line: string): void;
};

/**
 * Opens a file of lines for appending. `keep` is the number of bytes to keep of what is there (default:
 * up to its last line end). Throws RunError.
 */
export function openLineWriter(path: string, { keep }: { keep?: number } = {}): LineWriter {
  const file = openAppendFile(path, keep === undefined ? wholeLines : () => keep);
  return { ...file, append: (line) => file.append(Buffer.from(`${line}\n`, "utf8")) };
}

/** Bytes up to and including the last "\n", found by reading backwards. */
function wholeLines(fd: number, size: number): number {
  const block = Buffer.alloc(4096);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - block.length);
    const count = readSync(fd, block, 0, end - start, start);
    const at = block.subarray(0, count).lastIndexOf(10);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}

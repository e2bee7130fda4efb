import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
} from "node:fs";
import { dirname } from "node:path";
import { FileError, fileOperation } from "./errors.js";
import { makeFolder, writeAll } from "./write.js";

const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW = 0 } = constants;

/** Every method throws FileError. */
export interface AppendFile {
  /** Appends bytes (or a text in UTF-8) in one piece. On failure the file is as before. */
  append(data: Uint8Array | string): void;
  /** Forces all appended bytes onto the disk (fsync). */
  flush(): void;
  /** Flushes and closes; a second call does nothing. */
  close(): void;
}

/**
 * Opens a file for appending, makes missing folders, and cuts bytes behind the last line end.
 * @throws {FileError} also for a link, a file with two names, and what is no plain file.
 */
export function openAppendFile(path: string): AppendFile {
  makeFolder(dirname(path));
  const flags = O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW;
  const fd = fileOperation("open", path, () => openSync(path, flags));
  try {
    refuseShared(path, fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  let isOpen = true;
  const guarded = (action: string, operation: (size: number) => void) =>
    fileOperation(action, path, () => {
      if (isOpen) operation(fstatSync(fd).size);
      else throw new FileError("closed", `cannot ${action} ${path}: it was closed, open it again`);
    });
  guarded("repair", (size) => {
    const whole = wholeLines(fd, size);
    if (whole < size) ftruncateSync(fd, whole);
  });
  return {
    append: (data) =>
      guarded("append to", (size) => {
        try {
          writeAll(fd, typeof data === "string" ? Buffer.from(data) : data);
        } catch (error) {
          ftruncateSync(fd, size);
          throw error;
        }
      }),
    flush: () => guarded("flush", () => fsyncSync(fd)),
    close() {
      if (!isOpen) return;
      try {
        this.flush();
      } finally {
        isOpen = false;
        closeSync(fd);
      }
    },
  };
}

/** Appending to a pipe would wait, and to a file with two names would change the other one, which may be anywhere. */
function refuseShared(path: string, fd: number): void {
  const stat = fileOperation("open", path, () => fstatSync(fd));
  if (!stat.isFile())
    throw new FileError("not_a_file", `cannot append to ${path}: expected a plain file`);
  if (stat.nlink > 1)
    throw new FileError(
      "is_link",
      `${path} has ${stat.nlink} names (hard links), and appending would change all: replace it by a copy of its own`,
    );
}

/** Bytes up to and including the last "\n". */
function wholeLines(fd: number, size: number): number {
  const block = Buffer.alloc(4096);
  for (let end = size; end > 0; end -= block.length) {
    const start = Math.max(0, end - block.length);
    const count = readSync(fd, block, 0, end - start, start);
    const index = block.subarray(0, count).lastIndexOf(10);
    if (index >= 0) return start + index + 1;
  }
  return 0;
}

// A run may be killed at any instant and must leave only whole files. Files are therefore written
// beside their place, flushed and renamed into it; logs grow by whole lines.
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { errnoOf, fileError, RunError } from "../errors.js";

/** What a file can be written from; an iterable of byte chunks is written without joining them. */
export type FileData = string | ArrayBufferView | Iterable<Uint8Array>;

/**
 * Writes a file so that `path` holds either its old content or all of the new, even after SIGKILL.
 * Missing parent folders are made. Throws RunError (permission, disk_full, read_only, …).
 */
export function writeFileAtomic(path: string, data: FileData): void {
  replaceFileAtomic(path, (temporary) => {
    const fd = openSync(temporary, "wx");
    try {
      for (const chunk of chunks(data)) writeAll(fd, chunk);
    } finally {
      closeSync(fd);
    }
  });
}

/**
 * As writeFileAtomic, for writers that want a path: `produce` fills the temporary file it is given,
 * which then takes the place of `path`. If it throws, `path` is untouched.
 */
export function replaceFileAtomic(path: string, produce: (temporary: string) => void): void {
  const folder = dirname(path);
  const temporary = temporaryPath(folder);
  try {
    makeFolders(folder);
    try {
      produce(temporary);
      syncPath(temporary, "r+");
      renameSync(temporary, path);
    } catch (error) {
      if (existsSync(temporary)) rmSync(temporary, { force: true });
      throw error;
    }
    syncFolder(folder);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw fileError("write", path, error);
  }
}

/** A new name beside the final place; sweepTemporaries knows it and its process. */
export function temporaryPath(folder: string): string {
  return join(folder, `.tmp-${process.pid}-${randomBytes(4).toString("hex")}`);
}

/**
 * Makes a folder and the parents that it lacks; returns what was made, outermost first. One by one:
 * the recursion of mkdirSync calls a read-only file system ENOENT.
 */
export function makeFolders(path: string): string[] {
  const missing: string[] = [];
  const whole = resolve(path);
  for (let at = whole; !existsSync(at); at = dirname(at)) missing.unshift(at);
  for (const folder of missing) {
    try {
      mkdirSync(folder);
    } catch (error) {
      // Another process may have made it meanwhile.
      if (errnoOf(error) !== "EEXIST") throw error;
    }
  }
  // Refuses a file that stands there. (Of a relative path Node never ends where the working folder is gone.)
  mkdirSync(whole, { recursive: true });
  return missing;
}

/** Makes a folder and its parents. Throws RunError. */
export function makeFolder(path: string): void {
  try {
    makeFolders(path);
  } catch (error) {
    throw fileError("make the folder", path, error);
  }
}

/** Appends whole records to a file; what was cut off by an earlier crash is removed at opening. */
export interface LineWriter {
  readonly path: string;
  /** Writes one record and its line end in one go; on failure the file is as before. */
  append(line: string): void;
  /** Forces everything appended so far onto the disk (fsync). */
  flush(): void;
  /** Flushes and closes; a second call does nothing. */
  close(): void;
}

/**
 * Opens an append-only file of lines. `lineEnd` defaults to "\n"; `keep` is the number of bytes to
 * keep of what is there (default: up to its last line end). Throws RunError.
 */
export function openLineWriter(
  path: string,
  { lineEnd = "\n", keep }: { lineEnd?: string; keep?: number } = {},
): LineWriter {
  makeFolder(dirname(path));
  let fd: number | undefined;
  const guarded = <T>(action: string, operation: (fd: number) => T): T => {
    try {
      if (fd === undefined) throw closed(path);
      return operation(fd);
    } catch (error) {
      throw fileError(action, path, error);
    }
  };
  try {
    fd = openSync(path, "a+");
  } catch (error) {
    throw fileError("open", path, error);
  }
  guarded("repair", (file) => {
    const size = fstatSync(file).size;
    const whole = keep ?? wholeLines(file, size);
    if (whole < size) ftruncateSync(file, whole);
  });
  return {
    path,
    append: (line) =>
      guarded("append to", (file) => {
        const size = fstatSync(file).size;
        try {
          writeAll(file, Buffer.from(line + lineEnd, "utf8"));
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

function closed(path: string): RunError {
  return new RunError("closed", `cannot write ${path}: it was closed before, open it again`);
}

/** The bytes of a file, piece by piece. */
export function* chunks(data: FileData): Iterable<Uint8Array> {
  if (typeof data === "string") yield Buffer.from(data, "utf8");
  else if (ArrayBuffer.isView(data))
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  else yield* data;
}

/** Writes all bytes at the file's position, in as many calls as the system asks for. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done);
  }
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

function syncPath(path: string, flags: string): void {
  const fd = openSync(path, flags);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes renames in a folder durable; file systems that cannot flush a folder are let off. */
export function syncFolder(folder: string): void {
  try {
    syncPath(folder, "r");
  } catch (error) {
    if (!["EINVAL", "EISDIR", "EPERM", "ENOTSUP", "EACCES"].includes(errnoOf(error) ?? ""))
      throw error;
  }
}

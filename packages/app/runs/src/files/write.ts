// A process may be killed at any instant and must leave only whole files. Files and folders are written
// under a temporary name beside their place, flushed to the disk, and renamed.
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { errnoOf, fileError, fileOperation, RunError } from "../errors.js";
import { sweepTemporaries } from "./temporaries.js";

/** What a file can be written from; the chunks of an iterable are written one by one. */
export type FileData = string | ArrayBufferView | Iterable<Uint8Array>;

/** Folders that this process has written into. */
const known = new Set<string>();

/**
 * Writes a file so that `path` holds either its old content or all of the new, even after SIGKILL.
 * Missing parent folders are made; what killed processes left beside it is removed before the first file of a folder.
 * Throws RunError (permission, disk_full, read_only, …).
 */
export function writeFileAtomic(path: string, data: FileData): void {
  stage(path, (temporary) => writeFlushed(temporary, data)).commit();
}

function writeFlushed(path: string, data: FileData): void {
  const fd = openSync(path, "wx");
  try {
    for (const chunk of chunks(data)) writeAll(fd, chunk);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A file or a folder under its temporary name. */
export interface Replacement {
  /** Where it is made. */
  readonly temporary: string;
  /** Gives it its name. Throws RunError; the temporary is removed then. */
  commit(): void;
  /** Removes it; does nothing after commit. */
  discard(): void;
}

/** A folder under its temporary name. */
export interface FolderReplacement extends Replacement {
  /** Writes a file of the folder, by its path below it, flushed. Throws RunError. */
  write(name: string, data: Uint8Array): Promise<void>;
}

/**
 * A file that replaces `path` at commit; the caller writes and flushes it. What killed processes left beside it is removed
 * before the first file of a folder. Throws RunError.
 */
export function openFileReplacement(path: string): Replacement {
  return stage(path, () => {});
}

/**
 * A folder whose files replace those of the same names in `path` at commit; other files there stay. What killed processes
 * left beside it is removed before the first file of a folder. Throws RunError.
 */
export function openFolderReplacement(path: string): FolderReplacement {
  const put = (temporary: string) => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory() && readdirSync(path).length > 0) {
      moveInto(temporary, path);
      rmSync(temporary, { recursive: true, force: true });
    } else renameSync(temporary, path);
  };
  const replacement = stage(path, (temporary) => mkdirSync(temporary), put);
  return {
    ...replacement,
    async write(name, data) {
      const place = join(replacement.temporary, name);
      fileOperation("write", join(path, name), () => {
        mkdirSync(dirname(resolve(place)), { recursive: true });
        writeFlushed(place, data);
      });
    },
  };
}

function sweepOnce(path: string): void {
  const folder = dirname(resolve(path));
  if (known.has(folder) || !existsSync(folder)) return;
  known.add(folder);
  try {
    sweepTemporaries(folder, { deep: false });
  } catch (error) {
    // A folder that cannot be read may be written into.
    if (!(error instanceof RunError)) throw error;
  }
}

/** Prepares what will be at `path` under a temporary name; `put` gives it its name at commit. */
function stage(
  path: string,
  prepare: (temporary: string) => void,
  put = (temporary: string) => renameSync(temporary, path),
): Replacement {
  sweepOnce(path);
  const folder = dirname(path);
  const temporary = temporaryPath(folder);
  let open = true;
  const discard = () => {
    try {
      if (open) rmSync(temporary, { recursive: true, force: true });
    } catch (error) {
      throw fileError("remove", temporary, error);
    } finally {
      open = false;
    }
  };
  const guarded = (operation: () => void) => {
    try {
      operation();
    } catch (error) {
      discard();
      throw errnoOf(error) === undefined ? error : fileError("write", path, error);
    }
  };
  guarded(() => {
    makeFolders(folder);
    prepare(temporary);
  });
  return {
    temporary,
    discard,
    commit: () =>
      guarded(() => {
        put(temporary);
        open = false;
        syncFolder(folder);
      }),
  };
}

/** Moves files, folder by folder, into folders of the same names. */
function moveInto(from: string, to: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      mkdirSync(resolve(target), { recursive: true });
      moveInto(source, target);
    } else renameSync(source, target);
  }
  syncFolder(to);
}

/** A new temporary name in a folder; sweepTemporaries removes it once this process is gone. */
export function temporaryPath(folder: string): string {
  return join(folder, `.tmp-${process.pid}-${randomBytes(4).toString("hex")}`);
}

/**
 * Makes a folder and the parents that are missing, each flushed into its own parent. One by one: on a
 * read-only file system the recursion of mkdirSync fails with ENOENT.
 */
export function makeFolders(path: string): void {
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
    syncFolder(dirname(folder));
  }
  // Refuses a file of this name. (With a relative path Node's recursion does not end once the working folder is gone.)
  mkdirSync(whole, { recursive: true });
}

/** Makes a folder and its parents. Throws RunError. */
export const makeFolder = (path: string): void =>
  fileOperation("make the folder", path, () => makeFolders(path));

/** A call of the system or of a hash takes less than 2 GiB. */
const LONGEST = 2 ** 30;

/** The bytes of a file in chunks of at most `longest` bytes. */
export function* chunks(data: FileData, longest = LONGEST): Iterable<Uint8Array> {
  if (typeof data === "string") yield Buffer.from(data, "utf8");
  else
    for (const part of ArrayBuffer.isView(data) ? [data] : data)
      for (let at = 0; at === 0 || at < part.byteLength; at += longest) {
        const length = Math.min(longest, part.byteLength - at);
        yield new Uint8Array(part.buffer, part.byteOffset + at, length);
      }
}

/** Writes all bytes at the file's position; the system may take them in several parts. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done);
  }
}

/** Flushes the names in a folder to the disk, where the file system can. */
export function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, "r");
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const unsupported = ["EINVAL", "EISDIR", "EPERM", "ENOTSUP", "EACCES"];
    if (!unsupported.includes(errnoOf(error) ?? "")) throw error;
  }
}

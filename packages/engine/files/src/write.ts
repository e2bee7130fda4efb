// Writes files under a temporary name, flushes them to the disk, and renames them.
import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { errnoOf, FileError, fileError, fileOperation } from "./errors.js";
import { sweepTemporaries, temporaryPath } from "./temporary.js";

/** Chunks of an iterable are written one by one. */
export type FileData = string | ArrayBufferView | Iterable<Uint8Array>;

/** A file or a folder under its temporary name. */
export interface StagedPath {
  readonly temporary: string;
  /** Renames it. On a FileError the temporary path is removed. */
  commit(): void;
  /** Removes the temporary path; does nothing after commit. */
  discard(): void;
}

/**
 * Writes a file so that `path` holds its old content or all of the new content, even after SIGKILL. Makes missing
 * folders. Replaces a link, never what it leads to.
 * @throws {FileError}
 */
export function writeFileAtomic(path: string, data: FileData): void {
  stagePath(path, (temporary) => writeFlushed(temporary, data), renamePath).commit();
}

/**
 * A file that replaces `path` at commit; the caller writes and flushes it.
 * @throws {FileError}
 */
export const stageFile = (path: string): StagedPath => stagePath(path, () => {}, renamePath);

/**
 * A folder whose files replace the files of the same names in `path` at commit.
 * @throws {FileError}, also if `path` is a link.
 */
export const stageFolder = (path: string): StagedPath => stagePath(path, mkdirSync, mergeFolder);

/** Writes a new file and flushes it to the disk. */
export function writeFlushed(path: string, data: FileData): void {
  const fd = openSync(path, "wx");
  try {
    for (const chunk of chunksOf(data)) writeAll(fd, chunk);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Makes a new file. Returns false if `path` exists.
 * @throws {FileError}
 */
export function createExclusive(path: string, text: string): boolean {
  try {
    writeFlushed(path, text);
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw fileError("write", path, error);
  }
}

/**
 * Makes a folder and its missing parents, each flushed into its own parent.
 * @throws {FileError}
 */
export function makeFolder(path: string): void {
  const folder = resolve(path);
  const parent = dirname(folder);
  if (!existsSync(parent)) makeFolder(parent);
  fileOperation("make the folder", path, () => {
    try {
      // Not recursive: on a read-only file system that fails with ENOENT.
      mkdirSync(folder);
      syncFolder(parent);
    } catch (error) {
      if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error;
    }
  });
}

/**
 * Removes a folder, its name first, so that a kill leaves no part of it under its name.
 * @throws {FileError}
 */
export function removeFolder(path: string): void {
  fileOperation("remove", path, () => {
    const temporary = temporaryPath(dirname(path));
    renamePath(path, temporary);
    // Without this a power failure could bring back the name, with a part of the content.
    syncFolder(dirname(path));
    rmSync(temporary, { recursive: true });
  });
}

/**
 * Renames a file or folder. On Windows it waits up to two seconds for programs that have it open, such as virus scanners; `rename` is for
 * tests.
 */
export function renamePath(from: string, to: string, rename: typeof renameSync = renameSync): void {
  for (let pause = 1; ; pause *= 2)
    try {
      rename(from, to);
      return;
    } catch (error) {
      const isOpen =
        process.platform === "win32" && /^E(PERM|ACCES|BUSY)$/.test(errnoOf(error) ?? "");
      if (!isOpen || pause > 1000) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
    }
}

/** Flushes the names in a folder to the disk, if the file system can. */
export function syncFolder(folder: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(folder, "r");
    fsyncSync(fd);
  } catch (error) {
    if (!/^E(INVAL|ISDIR|PERM|NOTSUP|ACCES)$/.test(errnoOf(error) ?? "")) throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Content in chunks of at most `longest` bytes: a call of the system or of a hash takes less than 2 GiB. */
export function* chunksOf(data: FileData, longest = 2 ** 30): Iterable<Uint8Array> {
  const parts = typeof data === "string" ? [Buffer.from(data)] : data;
  for (const { buffer, byteOffset, byteLength } of ArrayBuffer.isView(parts) ? [parts] : parts)
    for (let start = 0; start < byteLength; start += longest)
      yield new Uint8Array(buffer, byteOffset + start, Math.min(longest, byteLength - start));
}

/** Writes all bytes at the file's position; the system may take them in several parts. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}

const sweptFolders = new Set<string>();

function stagePath(
  path: string,
  prepare: (temporary: string) => void,
  put: (temporary: string, path: string) => void,
): StagedPath {
  const folder = resolve(dirname(path));
  const temporary = temporaryPath(dirname(path));
  const discard = () => rmSync(temporary, { recursive: true, force: true });
  const guarded = (operation: () => void) => {
    try {
      operation();
    } catch (error) {
      discard();
      throw errnoOf(error) === undefined ? error : fileError("write", path, error);
    }
  };
  makeFolder(folder);
  try {
    if (!sweptFolders.has(folder)) sweepTemporaries(folder);
  } catch {
    // Files of another user may lie in this folder.
  }
  sweptFolders.add(folder);
  guarded(() => prepare(temporary));
  return {
    temporary,
    discard,
    commit: () =>
      guarded(() => {
        put(temporary, path);
        syncFolder(folder);
      }),
  };
}

function mergeFolder(temporary: string, path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink())
    throw new FileError("not_a_folder", `cannot write ${path}: it is a link, name its folder`);
  if (!stat?.isDirectory() || readdirSync(path).length === 0) {
    // Windows replaces no folder.
    if (stat?.isDirectory()) rmdirSync(path);
    renamePath(temporary, path);
    return;
  }
  for (const entry of readdirSync(temporary, { withFileTypes: true })) {
    const put = entry.isDirectory() ? mergeFolder : renamePath;
    put(join(temporary, entry.name), join(path, entry.name));
  }
  rmSync(temporary, { recursive: true });
  syncFolder(path);
}

// Open files in memory, with Node's errors.
import {
  entryAt,
  type MemoryEntry,
  type MemoryFile,
  newFile,
  placeOf,
  resize,
  systemError,
  writeAt,
} from "./tree.js";

/** An open file, or folder. */
export interface OpenFile {
  entry: MemoryEntry;
  path: string;
  position: number;
  appends: boolean;
}

/** Flags of `openSync`, as on Linux. */
export const constants = {
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_NOFOLLOW: 0o400000,
  COPYFILE_FICLONE: 2,
};
const { O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NOFOLLOW } = constants;

const flagsOf: Readonly<Record<string, number>> = {
  r: 0,
  "r+": O_RDWR,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  wx: O_WRONLY | O_CREAT | O_EXCL,
  a: O_WRONLY | O_CREAT | O_APPEND,
};

const openFiles = new Map<number, OpenFile>();
let lastHandle = 2;

/**
 * The open file of a handle.
 * @throws EBADF.
 */
export function openFile(handle: number): OpenFile {
  const file = openFiles.get(handle);
  if (!file) throw systemError("EBADF", "read", String(handle));
  return file;
}

/**
 * The file behind a handle.
 * @throws EISDIR.
 */
export function contentOf({ entry, path }: OpenFile): MemoryFile {
  if (entry.kind !== "file") throw systemError("EISDIR", "read", path);
  return entry;
}

/** A path, or the address of a file. */
export type Location = string | URL;

const linuxType = { file: 0o100000, folder: 0o040000, link: 0o120000 };

/** Facts of an entry, as Node has them. */
export const statsOf = (entry: MemoryEntry) => ({
  ino: entry.ino,
  dev: 1,
  nlink: 1,
  mode: linuxType[entry.kind] | 0o644,
  size: entry.kind === "file" ? entry.size : 0,
  mtimeMs: entry.mtimeMs,
  mtime: new Date(entry.mtimeMs),
  isFile: () => entry.kind === "file",
  isDirectory: () => entry.kind === "folder",
  isSymbolicLink: () => entry.kind === "link",
});

/** The path of a location. */
export const pathOf = (place: Location): string =>
  typeof place === "string" ? place : decodeURIComponent(place.pathname);

/** Null stands for a missing entry if the caller asks for that. */
export function tryPlace<T>(options: { throwIfNoEntry?: boolean } | undefined, use: () => T) {
  try {
    return use();
  } catch (error) {
    const { code } = error as { code?: string };
    if (options?.throwIfNoEntry === false && (code === "ENOENT" || code === "ENOTDIR"))
      return undefined;
    throw error;
  }
}

/** As Node's. */
export const statSync = (path: Location, options?: { throwIfNoEntry?: boolean }) =>
  tryPlace(options, () => statsOf(entryAt(pathOf(path), "stat")));
/** As Node's. */
export const lstatSync = (path: Location, options?: { throwIfNoEntry?: boolean }) =>
  tryPlace(options, () => statsOf(entryAt(pathOf(path), "lstat", false)));
/** As Node's. */
export const existsSync = (path: Location): boolean =>
  statSync(path, { throwIfNoEntry: false }) !== undefined;
/** As Node's. */
export const fstatSync = (handle: number) => statsOf(openFile(handle).entry);

/**
 * As Node's.
 * @throws ENOENT, EEXIST, EISDIR or ELOOP.
 */
export function openSync(place: Location, how: string | number = "r"): number {
  const path = pathOf(place);
  const flags = typeof how === "number" ? how : flagsOf[how];
  const { folder, name, entry, path: at } = placeOf(path, "open", !(flags & O_NOFOLLOW));
  if (entry?.kind === "link") throw systemError("ELOOP", "open", path);
  if (entry && flags & O_EXCL) throw systemError("EEXIST", "open", path);
  if (entry?.kind === "folder" && flags & (O_WRONLY | O_RDWR))
    throw systemError("EISDIR", "open", path);
  if (!entry && !(flags & O_CREAT)) throw systemError("ENOENT", "open", path);
  const opened = entry ?? newFile();
  if (!entry) folder.entries.set(name, opened);
  if (opened.kind === "file" && flags & O_TRUNC) resize(opened, 0);
  openFiles.set(++lastHandle, {
    entry: opened,
    path: at,
    position: 0,
    appends: (flags & O_APPEND) !== 0,
  });
  return lastHandle;
}

/** As Node's. */
export const closeSync = (handle: number): void => {
  openFile(handle);
  openFiles.delete(handle);
};
/** Nothing waits for a disk. */
export const fsyncSync = (handle: number): void => void openFile(handle);
/** As Node's. */
export const ftruncateSync = (handle: number, size = 0): void =>
  resize(contentOf(openFile(handle)), size);

/** As Node's. */
export function readSync(
  handle: number,
  into: Uint8Array,
  offset = 0,
  length = into.length - offset,
  position: number | null = null,
): number {
  const opened = openFile(handle);
  const { bytes, size } = contentOf(opened);
  const start = position ?? opened.position;
  const count = Math.max(0, Math.min(length, size - start));
  into.set(bytes.subarray(start, start + count), offset);
  if (position === null) opened.position += count;
  return count;
}

/** As Node's. */
export function writeSync(
  handle: number,
  bytes: Uint8Array,
  offset = 0,
  length = bytes.length - offset,
  position: number | null = null,
): number {
  const opened = openFile(handle);
  const file = contentOf(opened);
  const start = opened.appends ? file.size : (position ?? opened.position);
  writeAt(file, bytes.subarray(offset, offset + length), start);
  if (position === null) opened.position = start + length;
  return length;
}

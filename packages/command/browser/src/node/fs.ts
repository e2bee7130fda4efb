// Node's file system in memory: the functions that the packages call, with Node's errors.
import { Buffer } from "node:buffer";
import {
  closeSync,
  contentOf,
  existsSync,
  type Location,
  openFile,
  openSync,
  pathOf,
  readSync,
  statsOf,
  tryPlace,
  writeSync,
} from "./handles.js";
import {
  entryAt,
  folderAt,
  type MemoryEntry,
  newFolder,
  newLink,
  placeOf,
  systemError,
  touch,
} from "./tree.js";

export {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from "./handles.js";

/** As Node's. */
export function readFileSync(place: Location | number, encoding?: BufferEncoding) {
  const handle = typeof place === "number" ? place : openSync(place);
  try {
    const opened = openFile(handle);
    const { bytes, size } = contentOf(opened);
    const content = Buffer.from(bytes.slice(opened.position, size).buffer);
    return encoding === undefined ? content : content.toString(encoding);
  } finally {
    if (typeof place !== "number") closeSync(handle);
  }
}

/** As Node's. */
export function writeFileSync(place: Location, data: Uint8Array | string): void {
  const handle = openSync(place, "w");
  writeSync(handle, typeof data === "string" ? Buffer.from(data) : data);
  closeSync(handle);
}

/**
 * As Node's.
 * @throws EEXIST, and ENOENT for a missing parent.
 */
export function mkdirSync(place: Location, { recursive = false } = {}): void {
  const path = pathOf(place);
  const above = path.replace(/\/+[^/]+\/*$/, "");
  if (recursive && above !== path && above !== "" && !existsSync(above))
    mkdirSync(above, { recursive });
  const { folder, name, entry } = placeOf(path, "mkdir", true);
  if (entry && !(recursive && entry.kind === "folder")) throw systemError("EEXIST", "mkdir", path);
  if (!entry) folder.entries.set(name, newFolder());
}

/** As Node's. */
export function mkdtempSync(prefix: string): string {
  const path = `${prefix}${Math.random().toString(36).slice(2, 8)}`;
  mkdirSync(path, { recursive: true });
  return path;
}

const direntOf = (name: string, parentPath: string, entry: MemoryEntry) => {
  const { isFile, isDirectory, isSymbolicLink } = statsOf(entry);
  return { name, parentPath, isFile, isDirectory, isSymbolicLink };
};

/** As Node's. */
export function readdirSync(
  place: Location,
  {
    withFileTypes = false,
    recursive = false,
  }: { withFileTypes?: boolean; recursive?: boolean } = {},
) {
  const path = pathOf(place);
  const walk = (at: string, from: string): (string | ReturnType<typeof direntOf>)[] =>
    [...folderAt(at, "scandir").entries].flatMap(([name, entry]) => [
      withFileTypes ? direntOf(name, at, entry) : from + name,
      ...(recursive && entry.kind === "folder" ? walk(`${at}/${name}`, `${from}${name}/`) : []),
    ]);
  return walk(path, "");
}

/**
 * As Node's.
 * @throws ENOENT, EISDIR, ENOTDIR or ENOTEMPTY.
 */
export function renameSync(from: Location, to: Location): void {
  const old = placeOf(pathOf(from), "rename", false);
  if (!old.entry) throw systemError("ENOENT", "rename", pathOf(from));
  const fresh = placeOf(pathOf(to), "rename", false);
  if (fresh.entry?.kind === "folder") {
    if (old.entry.kind !== "folder") throw systemError("EISDIR", "rename", pathOf(to));
    if (fresh.entry.entries.size > 0) throw systemError("ENOTEMPTY", "rename", pathOf(to));
  } else if (fresh.entry && old.entry.kind === "folder")
    throw systemError("ENOTDIR", "rename", pathOf(to));
  old.folder.entries.delete(old.name);
  fresh.folder.entries.set(fresh.name, old.entry);
}

/**
 * As Node's.
 * @throws ENOENT, and EISDIR for a folder.
 */
export function rmSync(place: Location, { force = false, recursive = false } = {}): void {
  const path = pathOf(place);
  const found = tryPlace({ throwIfNoEntry: !force }, () => placeOf(path, "rm", false));
  if (!found?.entry) {
    if (force) return;
    throw systemError("ENOENT", "rm", path);
  }
  if (found.entry.kind === "folder" && !recursive) throw systemError("EISDIR", "rm", path);
  found.folder.entries.delete(found.name);
}

/**
 * As Node's.
 * @throws ENOTEMPTY or ENOTDIR.
 */
export function rmdirSync(place: Location): void {
  const path = pathOf(place);
  if (folderAt(path, "rmdir").entries.size > 0) throw systemError("ENOTEMPTY", "rmdir", path);
  const { folder, name } = placeOf(path, "rmdir", true);
  folder.entries.delete(name);
}

/**
 * As Node's.
 * @throws EEXIST.
 */
export function symlinkSync(target: string, place: Location): void {
  const { folder, name, entry } = placeOf(pathOf(place), "symlink", false);
  if (entry) throw systemError("EEXIST", "symlink", pathOf(place));
  folder.entries.set(name, newLink(target));
}

/**
 * As Node's.
 * @throws EINVAL.
 */
export function readlinkSync(place: Location): string {
  const entry = entryAt(pathOf(place), "readlink", false);
  if (entry.kind !== "link") throw systemError("EINVAL", "readlink", pathOf(place));
  return entry.target;
}

/**
 * As Node's.
 * @throws ENOENT.
 */
export function realpathSync(place: Location): string {
  const { entry, path } = placeOf(pathOf(place), "realpath", true);
  if (!entry) throw systemError("ENOENT", "realpath", pathOf(place));
  return path;
}

/** As Node's, with the present time. */
export const utimesSync = (place: Location): void => touch(entryAt(pathOf(place), "utime"));
/** Files have no modes. */
export const chmodSync = (): void => {};
/** As Node's. */
export const copyFileSync = (from: Location, to: Location): void =>
  writeFileSync(to, readFileSync(from) as Buffer);
/** @throws an Error: runs are copied as archives. */
export const cpSync = (): never => {
  throw new Error("a page has no folders to copy to: download the zip");
};

/** Memory has no known end: a table that does not fit fails as any allocation. */
export const statfsSync = () => ({ bavail: Number.MAX_SAFE_INTEGER, bsize: 1 });

/** Parts of a file, one after the other. */
export async function* createReadStream(path: Location, { highWaterMark = 2 ** 18 } = {}) {
  const handle = openSync(path);
  try {
    for (;;) {
      const part = Buffer.alloc(highWaterMark);
      const count = readSync(handle, part);
      if (count === 0) return;
      yield part.subarray(0, count);
    }
  } finally {
    closeSync(handle);
  }
}

/** As Node's `fs.promises.open`, to read. */
export async function open(path: Location) {
  const handle = openSync(path);
  return {
    read: async (into: Uint8Array, offset: number, length: number, position: number) => ({
      bytesRead: readSync(handle, into, offset, length, position),
    }),
    close: async () => closeSync(handle),
  };
}

export default { openSync, readSync, closeSync };

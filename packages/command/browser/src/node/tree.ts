// Files, folders and links in memory.

/** A file. Its bytes may have room behind its end. */
export interface MemoryFile {
  kind: "file";
  ino: number;
  mtimeMs: number;
  bytes: Uint8Array<ArrayBuffer>;
  size: number;
}

/** A folder. */
export interface MemoryFolder {
  kind: "folder";
  ino: number;
  mtimeMs: number;
  entries: Map<string, MemoryEntry>;
}

/** A symbolic link. */
export interface MemoryLink {
  kind: "link";
  ino: number;
  mtimeMs: number;
  target: string;
}

/** What a name of a folder stands for. */
export type MemoryEntry = MemoryFile | MemoryFolder | MemoryLink;

const texts: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EEXIST: "file already exists",
  ENOTDIR: "not a directory",
  EISDIR: "illegal operation on a directory",
  ENOTEMPTY: "directory not empty",
  ELOOP: "too many symbolic links encountered",
  EINVAL: "invalid argument",
  EBADF: "bad file descriptor",
};

/** An error as Node's file system throws it. */
export const systemError = (code: string, syscall: string, path: string): Error =>
  Object.assign(new Error(`${code}: ${texts[code]}, ${syscall} '${path}'`), {
    code,
    syscall,
    path,
  });

let lastIno = 0;
const mark = () => ({ ino: ++lastIno, mtimeMs: Date.now() });

/** A new file. */
export const newFile = (bytes = new Uint8Array(0)): MemoryFile => ({
  kind: "file",
  ...mark(),
  bytes,
  size: bytes.length,
});
/** A new folder. */
export const newFolder = (): MemoryFolder => ({ kind: "folder", ...mark(), entries: new Map() });
/** A new link. */
export const newLink = (target: string): MemoryLink => ({ kind: "link", ...mark(), target });

const root = newFolder();
const mostLinks = 20;

/** The names of a path from the root; the working folder is the root. */
const partsOf = (path: string): string[] => {
  const parts: string[] = [];
  for (const part of path.split("/"))
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  return parts;
};

/** A place: its folder, its name, and what is there. */
export interface MemoryPlace {
  folder: MemoryFolder;
  name: string;
  entry: MemoryEntry | undefined;
  /** The path without links. */
  path: string;
}

/**
 * The place of a path.
 * @throws ENOENT and ENOTDIR for a missing folder above it, and ELOOP.
 */
export function placeOf(path: string, syscall: string, follow: boolean, depth = 0): MemoryPlace {
  if (depth > mostLinks) throw systemError("ELOOP", syscall, path);
  const parts = partsOf(path);
  let place: MemoryPlace = { folder: root, name: "", entry: root, path: "/" };
  for (const [i, name] of parts.entries()) {
    const { entry } = place;
    if (!entry) throw systemError("ENOENT", syscall, path);
    if (entry.kind !== "folder") throw systemError("ENOTDIR", syscall, path);
    const at = `${place.path === "/" ? "" : place.path}/${name}`;
    const next = entry.entries.get(name);
    const isLast = i === parts.length - 1;
    place =
      next?.kind === "link" && (follow || !isLast)
        ? placeOf(
            next.target.startsWith("/") ? next.target : `${place.path}/${next.target}`,
            syscall,
            true,
            depth + 1,
          )
        : { folder: entry, name, entry: next, path: at };
  }
  return place;
}

/**
 * What a path stands for.
 * @throws ENOENT.
 */
export function entryAt(path: string, syscall: string, follow = true): MemoryEntry {
  const { entry } = placeOf(path, syscall, follow);
  if (!entry) throw systemError("ENOENT", syscall, path);
  return entry;
}

/**
 * The folder at a path.
 * @throws ENOTDIR for another entry.
 */
export function folderAt(path: string, syscall: string): MemoryFolder {
  const entry = entryAt(path, syscall);
  if (entry.kind !== "folder") throw systemError("ENOTDIR", syscall, path);
  return entry;
}

/** Notes a change. */
export const touch = (entry: MemoryEntry): void => {
  entry.mtimeMs = Date.now();
};

/** Sets the size of a file; new bytes are zeros. */
export function resize(file: MemoryFile, size: number): void {
  if (size > file.bytes.length) {
    const bytes = new Uint8Array(Math.max(size, 2 * file.bytes.length));
    bytes.set(file.bytes.subarray(0, file.size));
    file.bytes = bytes;
  } else if (size < file.size) file.bytes.fill(0, size, file.size);
  file.size = size;
  touch(file);
}

/** Writes bytes at a position. */
export function writeAt(file: MemoryFile, bytes: Uint8Array, position: number): void {
  if (position + bytes.length > file.size) resize(file, position + bytes.length);
  file.bytes.set(bytes, position);
  touch(file);
}

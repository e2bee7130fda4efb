// Reads texts, and plain files of a folder that may be hostile. There links, pipes and folders are refused, so
// that nothing outside the folder is read.
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  type Dirent,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
} from "node:fs";
import { basename, join } from "node:path";
import { errnoOf, fileError, fileOperation, RunError } from "../errors.js";

const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

/** The text of a file. Throws RunError. */
export const readText = (path: string): string =>
  fileOperation("read", path, () => readFileSync(path, "utf8"));

/** A plain file of at most `limit` bytes. Throws RunError whose message is the reason alone. */
export function readPlainFile(path: string, { limit }: { limit: number }): Buffer {
  return withPlainFile(path, (fd, size) => {
    if (size > limit) {
      const name = basename(path);
      throw new RunError("corrupt", `${name} has ${size} bytes, expected at most ${limit}`);
    }
    return readFileSync(fd);
  });
}

/** The size of a plain file, in bytes. Throws RunError whose message is the reason alone. */
export function sizeOfPlainFile(path: string): number {
  return withPlainFile(path, (_, size) => size);
}

/** The SHA-256 of a plain file, in hexadecimal. Throws RunError whose message is the reason alone. */
export function sha256OfPlainFile(path: string): string {
  return withPlainFile(path, (fd) => {
    const hash = createHash("sha256");
    readBlocks(fd, (bytes) => hash.update(bytes));
    return hash.digest("hex");
  });
}

/** Gives `use` the bytes of an open file from a byte on, at most `most`; returns how many there were. */
export function readBlocks(
  fd: number,
  use: (bytes: Uint8Array) => void,
  { from = 0, most = Number.POSITIVE_INFINITY } = {},
): number {
  const block = Buffer.allocUnsafe(1 << 18);
  let done = 0;
  while (done < most) {
    const count = readSync(fd, block, 0, Math.min(block.length, most - done), from + done);
    if (count === 0) break;
    use(block.subarray(0, count));
    done += count;
  }
  return done;
}

function withPlainFile<T>(path: string, use: (fd: number, size: number) => T): T {
  const name = basename(path);
  try {
    // Without O_NONBLOCK opening a pipe would wait for its writer.
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile()) throw new RunError("corrupt", `${name} is not a plain file`);
      return use(fd, stat.size);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT") throw new RunError("corrupt", `${name} is missing`, { cause: error });
    if (errno === "ELOOP") {
      throw new RunError("corrupt", `${name} is a link, expected a plain file`, { cause: error });
    }
    throw fileError("read", path, error);
  }
}

/** Names of the entries of a folder that match, sorted; none where there is no folder. Throws RunError. */
export function namesIn(folder: string, matches: (entry: Dirent) => boolean): string[] {
  if (!existsSync(folder)) return [];
  const entries = () => readdirSync(folder, { withFileTypes: true });
  const found = fileOperation("list", folder, entries).filter(matches);
  return found.map(({ name }) => name).sort();
}

/** Removes the plain files of a folder whose names match. Throws RunError. */
export function removeFiles(folder: string, matches: (name: string) => boolean): void {
  const names = namesIn(folder, (entry) => entry.isFile() && matches(entry.name));
  for (const name of names) removeFile(join(folder, name));
}

/** Removes a file if it is there. Throws RunError. */
export function removeFile(path: string): void {
  fileOperation("remove", path, () => rmSync(path, { force: true }));
}

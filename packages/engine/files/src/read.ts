// A folder may be hostile: links, pipes and folders are refused.
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, FileError, fileError, fileOperation } from "./errors.js";

const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

/**
 * Gives `use` a plain file, opened for reading, and its size; `mayBeLink` follows links to it.
 * @throws {FileError}
 */
export function withPlainFile<T>(
  path: string,
  use: (fd: number, size: number) => T,
  { mayBeLink = false } = {},
): T {
  return fileOperation("read", path, () => {
    // Without O_NONBLOCK opening a pipe would wait for its writer.
    const fd = openSync(path, O_RDONLY | O_NONBLOCK | (mayBeLink ? 0 : O_NOFOLLOW));
    try {
      const stat = fstatSync(fd);
      if (stat.isFile()) return use(fd, stat.size);
      throw new FileError("not_a_file", `cannot read ${path}: expected a plain file`);
    } finally {
      closeSync(fd);
    }
  });
}

/**
 * A plain file of at most `limit` bytes.
 * @throws {FileError}
 */
export function readPlainFile(path: string, { limit }: { limit: number }): Buffer {
  return withPlainFile(path, (fd, size) => {
    if (size <= limit) return readFileSync(fd);
    const message = `cannot read ${path}: it has ${size} bytes, expected at most ${limit}`;
    throw new FileError("too_large", message);
  });
}

/**
 * Refuses a folder with a link at any depth: writing or removing there could reach outside. A missing folder has none.
 * @throws {FileError}
 */
export function refuseLinks(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
      if (entry.isSymbolicLink())
        throw new FileError(
          "is_link",
          `${join(entry.parentPath, entry.name)} is a link, which a run folder must not hold: replace it by its target, or delete it`,
        );
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw fileError("list", folder, error);
  }
}

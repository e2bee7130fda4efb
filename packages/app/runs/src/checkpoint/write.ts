// Writes the content of a checkpoint into a folder with a temporary name. After a refusal of the disk the
// remaining bytes are still counted, so that the error can say how much space the checkpoint needs.
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf, fileError, RunError } from "../errors.js";
import { chunks, type FileData, makeFolders, writeAll } from "../files/write.js";
import type { FileFacts } from "./manifest.js";

/** Fills a new folder; after the first refusal of the file system it only counts. */
export class PointWriter {
  /** Bytes of the checkpoint so far, and how many of them the file system took. */
  needed = 0;
  written = 0;
  /** The first refusal. */
  refusal: { readonly cause: unknown } | undefined;

  constructor(readonly folder: string) {
    this.attempt(() => makeFolders(dirname(folder)));
    this.attempt(() => mkdirSync(folder));
  }

  /** Does something on disk, unless an earlier attempt was refused. */
  attempt<T>(operation: () => T): T | undefined {
    if (this.refusal !== undefined) return undefined;
    try {
      return operation();
    } catch (cause) {
      this.refusal = { cause };
      return undefined;
    }
  }

  /** Writes a file and flushes it to the disk. An error of the iterable `data` is thrown. */
  file(name: string, data: FileData): FileFacts {
    const hash = createHash("sha256");
    let size = 0;
    const fd = this.attempt(() => openSync(join(this.folder, name), "wx"));
    try {
      for (const chunk of chunks(data)) {
        size += chunk.byteLength;
        this.needed += chunk.byteLength;
        this.attempt(() => {
          writeAll(fd as number, chunk);
          hash.update(chunk);
          this.written += chunk.byteLength;
        });
      }
      this.attempt(() => fsyncSync(fd as number));
    } finally {
      try {
        if (fd !== undefined) closeSync(fd);
      } catch (cause) {
        // Network file systems may refuse as late as here.
        this.refusal ??= { cause };
      }
    }
    return { size, sha256: hash.digest("hex") };
  }

  /** Removes a checkpoint that was not finished; returns what is wrong where that failed. */
  discard(): string | undefined {
    try {
      rmSync(this.folder, { recursive: true, force: true });
      return undefined;
    } catch (error) {
      return fileError("remove", this.folder, error).message;
    }
  }
}

/**
 * Discards a checkpoint that the file system refused and returns the error: what happened, how much space
 * it needs, and that the `older` ones are as they were.
 */
export function refusalError(
  writer: PointWriter,
  { folder, id, older }: { folder: string; id: string; older: readonly { id: string }[] },
): unknown {
  const cause = writer.refusal?.cause;
  const left = writer.discard();
  if (errnoOf(cause) === undefined) return cause;
  const { code, message } = fileError(`save checkpoint ${id} in`, folder, cause);
  const newest = older.at(-1)?.id;
  const others =
    newest === undefined
      ? "there is no older one"
      : older.length === 1
        ? `the older one, ${newest}, is untouched and usable`
        : `the ${older.length} older ones, newest ${newest}, are untouched and usable`;
  const need = `it needs ${writer.needed} bytes, ${writer.written} of them were written`;
  const rest = left === undefined ? "" : `; ${left}`;
  return new RunError(code, `${message}; ${need}; ${others}${rest}`, { cause });
}

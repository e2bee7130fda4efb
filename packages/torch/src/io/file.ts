// Positional reads for the formats whose files may be larger than memory.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { FormatError } from "./errors.js";

/** One read call moves at most this many bytes (the system's own limit is 2 GiB). */
const chunk = 2 ** 30;

/** A file opened for reading by position; close it, or hold it with `using`. */
export class ReadFile {
  readonly length: number;
  #handle: number | undefined;

  /** Throws `Unreadable` where the path is missing, forbidden or not a file. */
  constructor(readonly path: string) {
    this.#handle = attempt(path, () => openSync(path, "r"));
    const handle = this.#handle;
    const stat = attempt(path, () => fstatSync(handle));
    if (!stat.isFile()) {
      this.close();
      throw new FormatError("Unreadable", path, "not a regular file: expected a path to a file");
    }
    this.length = stat.size;
  }

  /** Reads exactly `length` bytes at `position`; throws `IncompleteFile` where they are not there. */
  read(position: number, length: number): Uint8Array {
    if (position + length > this.length) throw this.#cut(position + length, this.length);
    return this.readInto(new Uint8Array(length), position);
  }

  /** Fills `bytes` from `position` on and returns them; throws like `read`. */
  readInto(bytes: Uint8Array, position: number): Uint8Array {
    const handle = this.#handle;
    if (handle === undefined) {
      throw new FormatError("Closed", this.path, "already closed: open it again to read from it");
    }
    let done = 0;
    while (done < bytes.length) {
      const want = Math.min(chunk, bytes.length - done);
      const got = attempt(this.path, () => readSync(handle, bytes, done, want, position + done));
      if (got === 0) throw this.#cut(position + bytes.length, position + done);
      done += got;
    }
    return bytes;
  }

  /** Closes the file; a second call does nothing. */
  close(): void {
    if (this.#handle !== undefined) closeSync(this.#handle);
    this.#handle = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #cut(expected: number, found: number): FormatError {
    return new FormatError(
      "IncompleteFile",
      this.path,
      `ends after ${found} bytes: expected at least ${expected}; copy or write it again`,
    );
  }
}

/** Runs a file operation and turns the system's error into an `Unreadable` one. */
export function attempt<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError("Unreadable", path, reason);
  }
}

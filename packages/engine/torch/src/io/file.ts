// Reads files by position, for formats whose files may be larger than memory.
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { formatError, type TorchError } from "../binding/errors.js";

const { O_RDONLY, O_NONBLOCK = 0 } = constants;

const chunk = 2 ** 30;

/** A file read by position. */
export class ReadFile {
  /** Bytes of the file when it was opened. */
  readonly length: number;
  #handle: number | undefined;

  constructor(readonly path: string) {
    // Without O_NONBLOCK a pipe would wait for its writer.
    this.#handle = attempt(path, () => openSync(path, O_RDONLY | O_NONBLOCK));
    const handle = this.#handle;
    const stat = attempt(path, () => fstatSync(handle));
    if (!stat.isFile()) {
      this.close();
      throw formatError("Unreadable", path, "not a regular file: expected a path to a file");
    }
    this.length = stat.size;
  }

  /**
   * Reads exactly `length` bytes at `position`.
   * @throws {TorchError} `IncompleteFile`.
   */
  read(position: number, length: number): Uint8Array {
    if (position + length > this.length) throw cutShort(this.path, position + length, this.length);
    return this.readInto(new Uint8Array(length), position);
  }

  /**
   * Fills `bytes` from `position` on and returns them.
   * @throws like `read`.
   */
  readInto(bytes: Uint8Array, position: number): Uint8Array {
    const handle = this.#handle;
    if (handle === undefined) {
      throw formatError("Closed", this.path, "already closed: open it again to read from it");
    }
    let done = 0;
    while (done < bytes.length) {
      const want = Math.min(chunk, bytes.length - done);
      const got = attempt(this.path, () => readSync(handle, bytes, done, want, position + done));
      if (got === 0) throw cutShort(this.path, position + bytes.length, position + done);
      done += got;
    }
    return bytes;
  }

  /** Closes the file; does nothing on a second call. */
  close(): void {
    if (this.#handle !== undefined) closeSync(this.#handle);
    this.#handle = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Bytes of a regular file.
 * @throws {TorchError} for pipes, devices and folders.
 */
export function readWhole(path: string): Uint8Array {
  using file = new ReadFile(path);
  return file.read(0, file.length);
}

/** The error of a file that ends too early. */
export const cutShort = (path: string, expected: number, actual: number): TorchError =>
  formatError(
    "IncompleteFile",
    path,
    `ends after ${actual} bytes: expected at least ${expected}; copy or write it again`,
  );

/** A new file that is written by position. Its methods throw a TorchError. */
export class WriteFile {
  #handle: number | undefined;

  /** With `keeps` the content stays (default: the file is emptied). */
  constructor(
    readonly path: string,
    { keeps = false }: { keeps?: boolean } = {},
  ) {
    this.#handle = attempt(path, () => openSync(path, keeps ? "r+" : "w"));
  }

  /** Bytes of the file. */
  get length(): number {
    return attempt(this.path, () => fstatSync(this.#handle!).size);
  }

  /** Whether `close` was called. */
  get closed(): boolean {
    return this.#handle === undefined;
  }

  /**
   * Writes all bytes from `position` on.
   * @throws {TorchError} `Closed` after `close`, else the error of the system
   */
  write(bytes: Uint8Array, position: number): void {
    const handle = this.#handle;
    if (handle === undefined)
      throw formatError("Closed", this.path, "already closed: expected rows before close()");
    for (let done = 0; done < bytes.length; ) {
      const length = Math.min(chunk, bytes.length - done);
      done += attempt(this.path, () => writeSync(handle, bytes, done, length, position + done));
    }
  }

  /** Cuts or extends the file to `length` bytes. */
  resize(length: number): void {
    attempt(this.path, () => ftruncateSync(this.#handle!, length));
  }

  /** Waits until the bytes are on the disk. */
  sync(): void {
    attempt(this.path, () => fsyncSync(this.#handle!));
  }

  /** Closes the file, with `sync` after its bytes are on the disk; does nothing on a second call. */
  close({ sync = false }: { sync?: boolean } = {}): void {
    const handle = this.#handle;
    if (handle === undefined) return;
    this.#handle = undefined;
    try {
      if (sync) attempt(this.path, () => fsyncSync(handle));
    } finally {
      attempt(this.path, () => closeSync(handle));
    }
  }
}

/** @throws {TorchError} `IncompleteFile` or `SizeMismatch`. */
export function checkLength(expected: number, actual: number, source: string): void {
  if (actual === expected) return;
  const cure = actual < expected ? "copy or write it again" : "bytes after the last element";
  throw formatError(
    actual < expected ? "IncompleteFile" : "SizeMismatch",
    source,
    `${actual} bytes: expected ${expected} from its header; ${cure}`,
  );
}

function attempt<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw formatError(isMissing ? "Missing" : "Unreadable", path, reason);
  }
}

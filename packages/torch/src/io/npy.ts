// Arrays that people look at with NumPy are .npy files. They are read whole, or by rows from files
// larger than memory, and written whole or row by row (a simulated cache grows as it is made).
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { FormatError } from "./errors.js";
import { attempt, ReadFile } from "./file.js";
import {
  type NpyHeader,
  npyHeader,
  npyHeaderSpan,
  parseNpyHeader,
  prefixLength,
} from "./npy-header.js";
import { checkRaw, type DType, elementCount, itemSize, plainBytes, type RawArray } from "./raw.js";

/** Writes an array as the bytes of a .npy file, version 1.0; throws like `checkRaw`. */
export function encode(array: RawArray): Uint8Array {
  checkRaw(array, "npy");
  const header = npyHeader(array.dtype, array.shape);
  const bytes = new Uint8Array(header.length + array.data.byteLength);
  bytes.set(header);
  bytes.set(array.data, header.length);
  return bytes;
}

/**
 * Reads the bytes of a .npy file, versions 1.0 to 3.0, either byte order, C or Fortran order.
 *
 * `source` names the bytes in errors. The array's data is a view of `file` where no element has to
 * move, else a copy. Throws a `FormatError`.
 */
export function decode(file: Uint8Array, source = "npy"): RawArray {
  const bytes = plainBytes(file);
  const span = npyHeaderSpan(bytes.subarray(0, prefixLength), source);
  checkLength(span.end, bytes.length, source, true);
  const text = bytes.subarray(span.begin, span.end);
  const header = parseNpyHeader(text, span.utf8, span.end, source);
  checkLength(span.end + dataLength(header), bytes.length, source);
  return inOrder(header, bytes.subarray(span.end), header.shape, source);
}

/** A .npy file read by position; close it, or hold it with `using`. */
export class NpyFile {
  readonly #file: ReadFile;
  readonly #header: NpyHeader;
  readonly #rowLength: number;

  /** Use `open`. */
  constructor(path: string) {
    this.#file = new ReadFile(path);
    try {
      const { length } = this.#file;
      const span = npyHeaderSpan(this.#file.read(0, Math.min(prefixLength, length)), path);
      const text = this.#file.read(span.begin, span.end - span.begin);
      this.#header = parseNpyHeader(text, span.utf8, span.end, path);
      checkLength(span.end + dataLength(this.#header), length, path);
    } catch (error) {
      this.#file.close();
      throw error;
    }
    const { dtype, shape } = this.#header;
    this.#rowLength = elementCount(shape.slice(1)) * itemSize[dtype];
  }

  get dtype(): DType {
    return this.#header.dtype;
  }

  get shape(): number[] {
    return [...this.#header.shape];
  }

  /** Reads the whole array. */
  read(): RawArray {
    const data = this.#file.read(this.#header.start, dataLength(this.#header));
    return inOrder(this.#header, data, this.#header.shape, this.#file.path);
  }

  /** Reads `count` rows from row `begin` on, as [count, …]; throws `OutOfRange`. */
  rows(begin: number, count: number): RawArray {
    const n = this.#rowCount();
    if (![begin, count].every((x) => Number.isSafeInteger(x) && x >= 0) || begin + count > n) {
      throw new FormatError(
        "OutOfRange",
        this.#file.path,
        `${count} rows from row ${begin}: expected them within its ${n} rows`,
      );
    }
    const position = this.#header.start + begin * this.#rowLength;
    const data = this.#file.read(position, count * this.#rowLength);
    return this.#asRows(data, count);
  }

  /** Reads the rows of these indices, in this order, as [indices.length, …]; throws `OutOfRange`. */
  take(indices: ArrayLike<number>): RawArray {
    const n = this.#rowCount();
    const data = new Uint8Array(indices.length * this.#rowLength);
    for (let k = 0; k < indices.length; k++) {
      const i = indices[k]!;
      if (!Number.isSafeInteger(i) || i < 0 || i >= n) {
        throw new FormatError(
          "OutOfRange",
          this.#file.path,
          `row ${i}: expected a whole number from 0 to ${n - 1}`,
        );
      }
      const row = data.subarray(k * this.#rowLength, (k + 1) * this.#rowLength);
      this.#file.readInto(row, this.#header.start + i * this.#rowLength);
    }
    return this.#asRows(data, indices.length);
  }

  close(): void {
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #rowCount(): number {
    const { shape, fortran } = this.#header;
    if (shape.length > 0 && !fortran) return shape[0]!;
    throw new FormatError(
      "InvalidShape",
      this.#file.path,
      `${fortran ? "in Fortran order" : "a single number"}: it has no rows to read; read it whole`,
    );
  }

  #asRows(data: Uint8Array, count: number): RawArray {
    const shape = [count, ...this.#header.shape.slice(1)];
    return inOrder(this.#header, data, shape, this.#file.path);
  }
}

/** Opens a .npy file, reading and checking its header only; throws like `decode`. */
export function open(path: string): NpyFile {
  return new NpyFile(path);
}

/** Writes a .npy file of [n, …rowShape] whose n is known at the end only. */
export class NpyWriter {
  /** Rows written so far. */
  count = 0;
  readonly #path: string;
  readonly #dtype: DType;
  readonly #rowShape: readonly number[];
  readonly #headerLength: number;
  #handle: number | undefined;
  #end: number;

  /** Creates the file (or empties it) with no rows; throws `Unreadable`, `UnknownDtype`. */
  constructor(path: string, dtype: DType, rowShape: readonly number[]) {
    elementCount(rowShape, path);
    this.#path = path;
    this.#dtype = dtype;
    this.#rowShape = [...rowShape];
    // Room for any number of rows that a double counts exactly.
    const longest = npyHeader(dtype, [1e15, ...rowShape]);
    this.#headerLength = longest.length;
    this.#end = longest.length;
    this.#handle = attempt(path, () => openSync(path, "w"));
    this.flush();
  }

  /** Appends rows [k, …rowShape] (or one row, rowShape itself); throws `InvalidShape`, `Closed`. */
  append(rows: RawArray): void {
    checkRaw(rows, this.#path);
    const one = sameShape(rows.shape, this.#rowShape);
    if (rows.dtype !== this.#dtype || !(one || sameShape(rows.shape.slice(1), this.#rowShape))) {
      throw new FormatError(
        "InvalidShape",
        this.#path,
        `${rows.dtype} [${rows.shape}]: expected rows of ${this.#dtype} [k, ${this.#rowShape}]`,
      );
    }
    this.#write(rows.data, this.#end);
    this.#end += rows.data.byteLength;
    this.count += one ? 1 : rows.shape[0]!;
  }

  /** Brings the header up to date, so that the file is whole as it stands. */
  flush(): void {
    const header = npyHeader(this.#dtype, [this.count, ...this.#rowShape], this.#headerLength);
    this.#write(header, 0);
  }

  /** Writes the final header and closes the file, with `sync` onto the disk; a second call does nothing. */
  close({ sync = false }: { sync?: boolean } = {}): void {
    const handle = this.#handle;
    if (handle === undefined) return;
    try {
      this.flush();
      if (sync) attempt(this.#path, () => fsyncSync(handle));
    } finally {
      this.#handle = undefined;
      attempt(this.#path, () => closeSync(handle));
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #write(bytes: Uint8Array, position: number): void {
    const handle = this.#handle;
    if (handle === undefined) {
      throw new FormatError("Closed", this.#path, "already closed: expected rows before close()");
    }
    let done = 0;
    while (done < bytes.length) {
      const length = Math.min(2 ** 30, bytes.length - done);
      done += attempt(this.#path, () => writeSync(handle, bytes, done, length, position + done));
    }
  }
}

function sameShape(p: readonly number[], q: readonly number[]): boolean {
  return p.length === q.length && p.every((size, k) => size === q[k]);
}

function dataLength({ dtype, shape }: NpyHeader): number {
  return elementCount(shape) * itemSize[dtype];
}

function checkLength(expected: number, found: number, source: string, atLeast = false): void {
  if (found === expected || (atLeast && found > expected)) return;
  const cure = found < expected ? "copy or write it again" : "bytes after the last element";
  throw new FormatError(
    found < expected ? "IncompleteFile" : "SizeMismatch",
    source,
    `${found} bytes: expected ${expected} from its header; ${cure}`,
  );
}

/** Elements as they lie in the file, brought to little-endian C order and checked. */
function inOrder(header: NpyHeader, data: Uint8Array, shape: number[], source: string): RawArray {
  const size = itemSize[header.dtype];
  let ordered = data;
  if (header.bigEndian && size > 1) ordered = swapped(ordered, size);
  if (header.fortran) ordered = transposed(ordered, size, shape);
  const array = { dtype: header.dtype, shape: [...shape], data: ordered };
  checkRaw(array, source);
  return array;
}

function swapped(data: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let begin = 0; begin < data.length; begin += size) {
    for (let k = 0; k < size; k++) out[begin + k] = data[begin + size - 1 - k]!;
  }
  return out;
}

/** From the first index running fastest to the last one doing so. */
function transposed(data: Uint8Array, size: number, shape: readonly number[]): Uint8Array {
  const out = new Uint8Array(data.length);
  const strides = shape.map((_, d) => shape.slice(0, d).reduce((p, q) => p * q, size));
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < out.length; to += size) {
    for (let k = 0; k < size; k++) out[to + k] = data[from + k]!;
    for (let d = shape.length - 1; d >= 0; d--) {
      from += strides[d]!;
      index[d]! += 1;
      if (index[d]! < shape[d]!) break;
      from -= strides[d]! * shape[d]!;
      index[d] = 0;
    }
  }
  return out;
}

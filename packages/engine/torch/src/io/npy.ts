import { formatError } from "../binding/errors.js";
import { elementsOf, swapBytes } from "./elements.js";
import { checkLength, cutShort, ReadFile, WriteFile } from "./file.js";
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
 * Reads the bytes of a .npy file, versions 1.0 to 3.0, in any byte and index order; `source` names them in errors. The
 * data are a view of `file` if possible.
 * @throws {TorchError}
 */
export function decode(file: Uint8Array, source = "npy"): RawArray {
  const bytes = plainBytes(file);
  const span = npyHeaderSpan(bytes.subarray(0, prefixLength), source);
  if (bytes.length < span.end) checkLength(span.end, bytes.length, source);
  const text = bytes.subarray(span.begin, span.end);
  const header = parseNpyHeader(text, span.utf8, span.end, source);
  checkLength(span.end + dataLength(header), bytes.length, source);
  return inOrder(header, bytes.subarray(span.end), header.shape, source);
}

/** Writes a .npy file by rows, [n, …rowShape]; with `keep` behind the first rows of an older file; with `leading` sizes all of [...leading, …rowShape] is there at first, as zeros. */
export class NpyWriter {
  /** Rows so far. */
  count = 0;
  readonly #file: WriteFile;
  readonly #dtype: DType;
  readonly #rowShape: readonly number[];
  readonly #leading: readonly number[] | null;
  readonly #start: number;
  readonly #rowLength: number;

  /**
   * Creates the file, or empties it, or cuts it to `keep` rows; throws `Unreadable`, `UnknownDtype`, `InvalidShape`,
   * and `IncompleteFile` for a file of fewer rows.
   */
  constructor(
    path: string,
    dtype: DType,
    rowShape: readonly number[],
    { leading = null, keep = 0 }: { leading?: readonly number[] | null; keep?: number } = {},
  ) {
    this.#dtype = dtype;
    this.#rowShape = [...rowShape];
    this.#leading = leading;
    this.#rowLength = elementCount(rowShape, path) * itemSize[dtype];
    // Room for any number of rows that a double counts exactly.
    this.#start = npyHeader(dtype, [...(leading ?? [1e15]), ...rowShape]).length;
    this.#file = new WriteFile(path, { keeps: keep > 0 });
    if (keep > 0) this.#cut(keep);
    if (leading) this.#file.resize(this.#start + elementCount(leading) * this.#rowLength);
    this.flush();
  }

  #cut(rows: number): void {
    const length = this.#start + rows * this.#rowLength;
    const { length: actual, path } = this.#file;
    if (actual < length) {
      this.#file.close();
      throw cutShort(path, length, actual);
    }
    this.#file.resize(length);
    this.count = rows;
  }

  /**
   * Appends rows [k, …rowShape] (or one row, rowShape itself).
   * @throws {TorchError} `InvalidShape`, `Closed`.
   */
  append(rows: RawArray): void {
    this.put(this.count, rows);
  }

  /**
   * Writes rows [k, …rowShape] (or one row) from row `first` on, counted over all leading sizes.
   * @throws as `append`.
   */
  put(first: number, rows: RawArray): void {
    checkRaw(rows, this.#file.path);
    const [head, ...rest] = rows.shape;
    const one = `${rows.shape}` === `${this.#rowShape}`;
    if (rows.dtype !== this.#dtype || !(one || `${rest}` === `${this.#rowShape}`)) {
      throw formatError(
        "InvalidShape",
        this.#file.path,
        `${rows.dtype} [${rows.shape}]: expected rows of ${this.#dtype} [k, ${this.#rowShape}]`,
      );
    }
    this.#file.write(rows.data, this.#start + first * this.#rowLength);
    this.count = Math.max(this.count, first + (one ? 1 : head));
  }

  /** Updates the header, so that the file is valid with the rows written so far; `sync` waits for the disk. */
  flush({ sync = false }: { sync?: boolean } = {}): void {
    const shape = [...(this.#leading ?? [this.count]), ...this.#rowShape];
    const header = npyHeader(this.#dtype, shape, this.#start);
    this.#file.write(header, 0);
    if (sync) this.#file.sync();
  }

  /** Writes the final header; `sync` waits for the disk. */
  close({ sync = false }: { sync?: boolean } = {}): void {
    if (this.#file.closed) return;
    try {
      this.flush();
    } catch (error) {
      this.#file.close();
      throw error;
    }
    this.#file.close({ sync });
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Reads rows of a .npy file without keeping it in memory: pages of a mapped file count as memory of the process. */
export class NpyReader {
  /** Shape of the whole array. */
  readonly shape: readonly number[];
  /** Type of the elements. */
  readonly dtype: DType;
  readonly #file: ReadFile;
  readonly #start: number;
  readonly #rowLength: number;

  /**
   * Opens a file in C order and little-endian.
   * @throws like `decode`, and `InvalidValue` for another order.
   */
  constructor(path: string) {
    this.#file = new ReadFile(path);
    const { dtype, shape, start, fortran, bigEndian } = readNpyHeader(this.#file);
    if (fortran || (bigEndian && itemSize[dtype] > 1))
      throw formatError("InvalidValue", path, "expected little-endian elements in C order");
    this.shape = shape;
    this.dtype = dtype;
    this.#start = start;
    this.#rowLength = elementCount(shape.slice(1)) * itemSize[dtype];
  }

  /** Rows [count, …] from row `first` on; throws `IncompleteFile`. */
  read(first: number, count: number): RawArray {
    const data = this.#file.read(this.#start + first * this.#rowLength, count * this.#rowLength);
    return { dtype: this.dtype, shape: [count, ...this.shape.slice(1)], data };
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/**
 * Reads a header and checks the file's length.
 * @throws like `decode`.
 */
export function readNpyHeader(file: ReadFile): NpyHeader {
  const span = npyHeaderSpan(file.read(0, Math.min(prefixLength, file.length)), file.path);
  const text = file.read(span.begin, span.end - span.begin);
  const header = parseNpyHeader(text, span.utf8, span.end, file.path);
  checkLength(span.end + dataLength(header), file.length, file.path);
  return header;
}

function dataLength({ dtype, shape }: NpyHeader): number {
  return elementCount(shape) * itemSize[dtype];
}

function inOrder(header: NpyHeader, data: Uint8Array, shape: number[], source: string): RawArray {
  const size = itemSize[header.dtype];
  const bytes = header.bigEndian && size > 1 ? swapBytes(data, size) : data;
  const steps = header.fortran
    ? [...shape.keys()]
    : [...shape.keys()].map((d) => shape.length - 1 - d);
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (const d of steps) {
    strides[d] = step;
    step *= shape[d];
  }
  return elementsOf({ offset: 0, shape, strides }, header.dtype, bytes, source);
}

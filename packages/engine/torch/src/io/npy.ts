import { formatError } from "../binding/errors.js";
import { elementsOf, swapped } from "./elements.js";
import { checkLength, ReadFile, WriteFile } from "./file.js";
import {
  type NpyHeader,
  npyHeader,
  npyHeaderSpan,
  parseNpyHeader,
  prefixLength,
} from "./npy-header.js";
import { checkRaw, type DType, elementCount, itemSize, plainBytes, type RawArray } from "./raw.js";

export type { NpyHeader };

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
 * data are a view of `file` if possible. Throws a TorchError.
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

/** An open .npy file, read in parts. */
export class NpyFile {
  readonly #file: ReadFile;
  readonly #header: NpyHeader;
  readonly #rowLength: number;

  /** Use `open`. */
  constructor(path: string) {
    this.#file = new ReadFile(path);
    try {
      this.#header = readNpyHeader(this.#file);
    } catch (error) {
      this.#file.close();
      throw error;
    }
    const { dtype, shape } = this.#header;
    this.#rowLength = elementCount(shape.slice(1)) * itemSize[dtype];
  }

  /** Type of the elements. */
  get dtype(): DType {
    return this.#header.dtype;
  }

  /** Shape of the array. */
  get shape(): number[] {
    return [...this.#header.shape];
  }

  /** Whether columns come first; `rows` needs rows first. */
  get fortran(): boolean {
    return this.#header.fortran;
  }

  /** Reads the whole array. Throws a TorchError. */
  read(): RawArray {
    const data = this.#file.read(this.#header.start, dataLength(this.#header));
    return inOrder(this.#header, data, this.#header.shape, this.#file.path);
  }

  /** Reads `count` rows from row `begin` on, as [count, …]; throws `OutOfRange`. */
  rows(begin: number, count: number): RawArray {
    const n = this.#rowCount();
    if (![begin, count].every((x) => Number.isSafeInteger(x) && x >= 0) || begin + count > n) {
      throw formatError(
        "OutOfRange",
        this.#file.path,
        `${count} rows from row ${begin}: expected them within its ${n} rows`,
      );
    }
    const position = this.#header.start + begin * this.#rowLength;
    const data = this.#file.read(position, count * this.#rowLength);
    const shape = [count, ...this.#header.shape.slice(1)];
    return inOrder(this.#header, data, shape, this.#file.path);
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #rowCount(): number {
    const { shape, fortran } = this.#header;
    if (shape.length > 0 && !fortran) return shape[0];
    throw formatError(
      "InvalidShape",
      this.#file.path,
      `${fortran ? "in Fortran order" : "a single number"}: it has no rows to read; read it whole`,
    );
  }
}

/** Opens a .npy file. Throws a TorchError for other files. */
export function open(path: string): NpyFile {
  return new NpyFile(path);
}

/** Writes a .npy file of [n, …rowShape] whose n is known at the end only. */
export class NpyWriter {
  /** Rows so far. */
  count = 0;
  readonly #file: WriteFile;
  readonly #dtype: DType;
  readonly #rowShape: readonly number[];
  readonly #headerLength: number;
  #end: number;

  /** Creates the file (or empties it) with no rows; throws `Unreadable`, `UnknownDtype`. */
  constructor(path: string, dtype: DType, rowShape: readonly number[]) {
    elementCount(rowShape, path);
    this.#dtype = dtype;
    this.#rowShape = [...rowShape];
    // Room for any number of rows that a double counts exactly.
    const longest = npyHeader(dtype, [1e15, ...rowShape]);
    this.#headerLength = longest.length;
    this.#end = longest.length;
    this.#file = new WriteFile(path);
    this.flush();
  }

  /** Appends rows [k, …rowShape] (or one row, rowShape itself); throws `InvalidShape`, `Closed`. */
  append(rows: RawArray): void {
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
    this.#file.write(rows.data, this.#end);
    this.#end += rows.data.byteLength;
    this.count += one ? 1 : head;
  }

  /** Updates the header, so that the file is valid with the rows written so far. */
  flush(): void {
    const header = npyHeader(this.#dtype, [this.count, ...this.#rowShape], this.#headerLength);
    this.#file.write(header, 0);
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

/** Reads a header and checks the file's length. Throws like `decode`. */
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
  const bytes = header.bigEndian && size > 1 ? swapped(data, size) : data;
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

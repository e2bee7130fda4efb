import { formatError } from "../binding/errors.js";
import { WriteFile } from "./file.js";
import { npyHeader } from "./npy-header.js";
import { checkRaw, type DType, elementCount, itemSize, type RawArray } from "./raw.js";

/** A .npy file of known shape, written in any order. */
export class NpyTarget {
  readonly #file: WriteFile;
  readonly #dtype: DType;
  readonly #shape: readonly number[];
  readonly #start: number;

  /** Creates the file (or empties it), all zeros; throws `Unreadable`, `UnknownDtype`, `InvalidShape`. */
  constructor(path: string, dtype: DType, shape: readonly number[]) {
    const length = elementCount(shape, path) * itemSize[dtype];
    const header = npyHeader(dtype, shape);
    this.#dtype = dtype;
    this.#shape = [...shape];
    this.#start = header.length;
    this.#file = new WriteFile(path);
    this.#file.write(header, 0);
    this.#file.resize(header.length + length);
  }

  /**
   * Writes rows [k, …] from `index` on: with shape [T, n, d], `put([t, i], rows)` takes rows [k, d]. Throws
   * `InvalidShape` and `Closed`.
   */
  put(index: readonly number[], rows: RawArray): void {
    checkRaw(rows, this.#file.path);
    const shape = this.#shape;
    const rest = shape.slice(index.length);
    const axis = index.length - 1;
    const fits =
      axis >= 0 &&
      axis < shape.length &&
      rows.dtype === this.#dtype &&
      `${rows.shape.slice(1)}` === `${rest}` &&
      index.every((i, d) => Number.isSafeInteger(i) && i >= 0 && i < shape[d]) &&
      index[axis] + (rows.shape[0] ?? 0) <= shape[axis];
    if (!fits)
      throw formatError(
        "InvalidShape",
        this.#file.path,
        `${rows.dtype} [${rows.shape}] at [${index}]: expected rows of ${this.#dtype} within [${shape}]`,
      );
    const row = index.reduce((at, i, d) => at * shape[d] + i, 0);
    this.#file.write(rows.data, this.#start + row * elementCount(rest) * itemSize[this.#dtype]);
  }

  /** Closes the file, with `sync` onto the disk; a second call does nothing. */
  close(options: { sync?: boolean } = {}): void {
    this.#file.close(options);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

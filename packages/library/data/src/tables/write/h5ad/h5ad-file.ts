// anndata's on-disk format (https://anndata.readthedocs.io/en/latest/fileformat-prose.html) in HDF5.
import { closeSync, fsyncSync, openSync, statSync } from "node:fs";
import { badTable, DatasetError, reason } from "../../../errors.js";
import type { Dataset, Group, H5 } from "../../read/h5ad/hdf5.js";
import { booleanMarker, writeBooleanTypes } from "./boolean-type.js";

export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array;

/** The code of a missing value is -1. */
export interface Categorical {
  categories: readonly string[];
  codes: ArrayLike<number>;
}

/** Values of an `.obs` column, one for each row. */
export type AnnotationValues = NumberArray | Categorical | readonly string[] | readonly boolean[];

/** A value of `.uns`. */
export type UnsValue =
  | AnnotationValues
  | readonly number[]
  | number
  | string
  | boolean
  | { readonly [key: string]: UnsValue };

const chunkBytes = 2 ** 18;

export class H5adFile {
  #booleans = 0;

  private constructor(
    readonly h5: H5,
    readonly root: Group,
    readonly path: string,
    readonly close: () => void,
    readonly oldSize: number,
  ) {}

  /** Opens a file to extend it. Throws `BadTable`. */
  static async open(path: string): Promise<H5adFile> {
    const h5 = await import("h5wasm/node");
    (await h5.ready).activate_throwing_error_handler();
    const oldSize = statSync(path).size;
    // The earliest version, as anndata writes it, has no checksums.
    const options = { libver: ["earliest", "latest"] as ["earliest", "latest"] };
    const file = asWriteError(path, () => new h5.File(path, "a", options));
    let isOpen = true;
    const close = () => {
      if (isOpen) file.close();
      isOpen = false;
    };
    return new H5adFile(h5, file, path, close, oldSize);
  }

  /** Flushes onto the disk. */
  finish(): void {
    this.close();
    const file = openSync(this.path, "r+");
    try {
      writeBooleanTypes(file, { count: this.#booleans, from: this.oldSize });
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }

  /** A group such as obsm, made if missing. */
  group(parent: Group, name: string, encoding: readonly [type: string, version: string]): Group {
    const group = parent.create_group(name);
    encode(group, ...encoding);
    return group;
  }

  write(parent: Group, name: string, value: UnsValue): void {
    if (isCategorical(value)) this.#categorical(parent, name, value);
    else if (ArrayBuffer.isView(value))
      encode(parent.create_dataset({ name, data: value }), "array", "0.2.0");
    else if (Array.isArray(value)) this.#list(parent, name, value);
    else if (typeof value === "boolean")
      encode(this.#booleanSet(parent, name, [value], []), "numeric-scalar", "0.2.0");
    else if (typeof value === "object") {
      const dict = this.group(parent, name, ["dict", "0.1.0"]);
      for (const [key, entry] of Object.entries(value)) this.write(dict, memberName(key), entry);
    } else {
      const data = typeof value === "number" ? Float64Array.of(value) : [value];
      const type = typeof value === "number" ? "numeric-scalar" : "string";
      encode(parent.create_dataset({ name, data, shape: [] }), type, "0.2.0");
    }
  }

  /** A matrix [n, d] that the result fills from the first row. */
  matrix(parent: Group, name: string, { n, d }: { n: number; d: number }) {
    const rows = Math.max(1, Math.floor(chunkBytes / (4 * d)));
    const chunks = [Math.max(1, Math.min(n, rows)), d];
    let dataset: Dataset | null = null;
    let written = 0;
    return (block: Float32Array): void => {
      const end = written + block.length / d;
      if (dataset === null) {
        const shape = [end, d];
        dataset = parent.create_dataset({ name, data: block, shape, maxshape: [null, d], chunks });
        encode(dataset, "array", "0.2.0");
        dataset.resize([n, d]);
      } else writeRows(dataset, [written, end], block);
      written = end;
    };
  }

  #list(parent: Group, name: string, values: readonly (string | number | boolean)[]): void {
    if (values.length > 0 && values.every((value) => typeof value === "string"))
      encode(
        parent.create_dataset({ name, data: [...values], dtype: "S" }),
        "string-array",
        "0.2.0",
      );
    else if (values.length > 0 && values.every((value) => typeof value === "boolean"))
      encode(this.#booleanSet(parent, name, values, [values.length]), "array", "0.2.0");
    else this.write(parent, name, Float64Array.from(values, Number));
  }

  #categorical(parent: Group, name: string, { categories, codes }: Categorical): void {
    const group = this.group(parent, name, ["categorical", "0.2.0"]);
    const bits = [Int8Array, Int16Array, Int32Array] as const;
    const Codes = bits[categories.length < 2 ** 7 ? 0 : categories.length < 2 ** 15 ? 1 : 2];
    this.write(group, "codes", Codes.from(codes));
    this.write(group, "categories", categories);
    this.#booleans += 1;
    group.create_attribute("ordered", markedBytes([false]), [], markedType);
  }

  #booleanSet(parent: Group, name: string, values: readonly boolean[], shape: number[]): Dataset {
    this.#booleans += 1;
    return parent.create_dataset({ name, data: markedBytes(values), shape, dtype: markedType });
  }
}

const markedType: [[string, string]] = [[booleanMarker, "<b"]];
const markedBytes = (values: readonly boolean[]) =>
  new Map([[booleanMarker, Int8Array.from(values, Number)]]);

const isCategorical = (value: UnsValue): value is Categorical =>
  typeof value === "object" && "codes" in value && "categories" in value;

function encode(entity: Group | Dataset, type: string, version: string): void {
  entity.create_attribute("encoding-type", type);
  entity.create_attribute("encoding-version", version);
}

/** anndata has an empty array of numbers for no columns. */
export function writeColumnOrder(frame: Group, names: readonly string[]): void {
  if ("column-order" in frame.attrs) frame.delete_attribute("column-order");
  const data = names.length > 0 ? [...names] : new Float64Array();
  frame.create_attribute("column-order", data, [names.length]);
}

export function writeRows(
  dataset: Dataset,
  [first, end]: readonly [number, number],
  block: NumberArray,
): void {
  const others = (dataset.shape ?? []).slice(1).map((size): [number, number] => [0, size]);
  dataset.write_slice([[first, end], ...others], block);
}

/** A slash would make a group, and _index names the rows. */
export const memberName = (name: string): string =>
  name === "_index" ? "index" : name.replaceAll("/", "_");

export function asWriteError<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    // HDF5's first line names the problem, the others the place.
    const [, what] = /\(\): (.+)/.exec(reason(error)) ?? [];
    throw badTable(path, `cannot be written as .h5ad: ${what ?? reason(error)}`);
  }
}

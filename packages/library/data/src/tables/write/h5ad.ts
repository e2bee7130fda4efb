// Copies a .h5ad file and adds columns of obs, matrices of obsm, sparse layers and entries of uns; the rest stays
// byte by byte. The format: https://anndata.readthedocs.io/en/latest/fileformat-prose.html
import { constants, copyFileSync } from "node:fs";
import { badTable, DatasetError, reason } from "../../errors.js";
import {
  child,
  flushFile,
  type H5,
  type H5Dataset,
  type H5File,
  type H5Group,
  openH5,
  setEncoding,
} from "../../files/hdf5.js";
import { sparseGenes } from "../read/h5ad/h5ad.js";
import { CsrLayer } from "./csr-layer.js";

/** A value of `.uns`. */
export type UnsValue =
  | number
  | string
  | boolean
  | readonly string[]
  | { readonly [key: string]: UnsValue };

/** Writes rows [count, d] at rising places. */
type WriteRows = (block: Float32Array | Float64Array, places: ArrayLike<number>) => void;

/** An open copy of an `.h5ad` file that takes more annotations. Rows without values are NaN. */
export interface H5adCopy {
  /** Adds a column of obs, or replaces one of the same type. */
  obs(name: string): WriteRows;
  /** Adds a matrix [rows, d] of obsm, or replaces one of the same shape. */
  obsm(name: string, d: number): WriteRows;
  /**
   * Adds a csr_matrix of layers for these genes, whose other genes and rows are 0; null if `like` is no sparse matrix of
   * these genes. Values above 0 are its entries, all others are zeros.
   */
  sparseLayer(name: string, of: { like: string; genes: readonly string[] }): WriteRows | null;
  /** Adds uns[program][step], or step-2, step-3, … after earlier ones. */
  uns(program: string, step: string, value: UnsValue): void;
  /** Flushes onto the disk. */
  close(): void;
  /** Does nothing after `close`. */
  abandon(): void;
}

const blockValues = 2 ** 16;

const missing = (length: number) => new Float32Array(length).fill(Number.NaN);

/** A slash would make a group, and _index names the rows. */
const memberName = (name: string): string =>
  name === "_index" ? "index" : name.replaceAll("/", "_");

function newGroup(parent: H5Group, name: string): H5Group {
  const group = parent.create_group(name);
  setEncoding(group, "dict", "0.1.0");
  return group;
}

const isTexts = (value: UnsValue): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string");

function writeValue(parent: H5Group, name: string, value: UnsValue): void {
  if (isTexts(value)) {
    setEncoding(
      parent.create_dataset({ name, data: [...value], shape: [value.length] }),
      "string-array",
    );
  } else if (typeof value === "object" && !Array.isArray(value)) {
    const group = newGroup(parent, name);
    for (const [key, entry] of Object.entries(value)) writeValue(group, memberName(key), entry);
  } else if (typeof value === "number" || typeof value === "boolean") {
    // HDF5 in WebAssembly writes no enums, of which h5py makes booleans: false is 0, which is false too.
    const data = typeof value === "number" ? Float64Array.of(value) : Int8Array.of(Number(value));
    setEncoding(parent.create_dataset({ name, data, shape: [] }), "numeric-scalar");
  } else {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    setEncoding(parent.create_dataset({ name, data: [text], shape: [] }), "string");
  }
}

/** A copy of an .h5ad file that is open for writing; its errors name the file that was copied. */
class WritableH5 {
  readonly #h5: H5;
  readonly #source: string;
  #isOpen = true;
  /** The root of the copy. */
  readonly root: H5File;

  constructor(source: string, { h5, file }: { h5: H5; file: H5File }) {
    this.#source = source;
    this.#h5 = h5;
    this.root = file;
  }

  /** Closes the copy; does nothing on a second call. */
  close(): void {
    if (this.#isOpen) this.root.close();
    this.#isOpen = false;
  }

  /**
   * The result of `operation`.
   * @throws {DatasetError} `BadTable` for errors of HDF5.
   */
  attempt<T>(operation: () => T): T {
    try {
      return operation();
    } catch (error) {
      throw unwritable(this.#source, error);
    }
  }

  /** A group, which is created if it is absent. */
  group(parent: H5Group, name: string): H5Group {
    if (!parent.keys().includes(name)) return newGroup(parent, name);
    const entity = child(parent, name);
    if (entity instanceof this.#h5.Group) return entity;
    throw badTable(this.#source, `${parent.path}${name} is no group: expected a file of anndata`);
  }

  /** A new dataset, or one of the same shape: HDF5 in WebAssembly removes nothing. */
  #dataset(parent: H5Group, name: string, shape: number[], count: number): H5Dataset {
    if (!parent.keys().includes(name)) {
      const [, ...rest] = shape;
      const chunks = [count, ...rest];
      const data = missing(count * (rest[0] ?? 1));
      const maxshape = [null, ...rest];
      const dataset = parent.create_dataset({ name, data, shape: chunks, maxshape, chunks });
      setEncoding(dataset, "array");
      dataset.resize(shape);
      return dataset;
    }
    const there = child(parent, name);
    const isSame =
      there instanceof this.#h5.Dataset &&
      there.metadata.type === 1 &&
      there.metadata.size === 4 &&
      `${there.shape}` === `${shape}`;
    if (isSame) return there;
    const place = parent.path.slice(1);
    throw badTable(
      this.#source,
      `has ${place}/${name} already, of another kind or shape: rename it, or delete it with del adata.${place}["${name}"]`,
    );
  }

  /** Fills a dataset with missing values, and returns what writes its rows. */
  rows(parent: H5Group, name: string, shape: [n: number, d?: number]): WriteRows {
    const [n, d = 1] = shape;
    const most = Math.max(1, Math.min(n, Math.floor(blockValues / d)));
    const dataset = this.#dataset(parent, name, shape as number[], most);
    const write = (first: number, block: Float32Array) => {
      const end = first + block.length / d;
      const ranges: [number, number][] = [
        [first, end],
        [0, d],
      ];
      dataset.write_slice(ranges.slice(0, shape.length), block);
    };
    for (let first = 0; first < n; first += most)
      write(first, missing(Math.min(most, n - first) * d));
    return (block, places) =>
      this.attempt(() => {
        const first = places[0] ?? 0;
        const count = (places[places.length - 1] ?? -1) + 1 - first;
        const rows = missing(Math.max(count, 0) * d);
        for (let i = 0; i < places.length; i++)
          rows.set(block.subarray(i * d, (i + 1) * d), (places[i] - first) * d);
        if (rows.length > 0) write(first, rows);
      });
  }

  /** A new csr_matrix of layers for some genes of the sparse matrix `like`; null for other matrices and genes. */
  sparseLayer(
    layer: string,
    { like, genes, rows }: { like: string; genes: readonly string[]; rows: number },
  ): CsrLayer | null {
    const all = sparseGenes(this.#h5, this.root, { path: this.#source, layer: like });
    const places = new Map(all?.map((gene, place) => [gene, place]));
    if (!all || places.size < all.length || !genes.every((gene) => places.has(gene))) return null;
    const layers = this.group(this.root, "layers");
    const name = memberName(layer);
    if (layers.keys().includes(name))
      throw badTable(
        this.#source,
        `has layers/${name} already: rename it, or delete it with del adata.layers["${name}"]`,
      );
    const shape = {
      rows,
      genes: all.length,
      places: genes.map((gene) => places.get(gene) as number),
    };
    return new CsrLayer(layers.create_group(name), shape);
  }

  /** The group of observations, with their number and the names of their columns. */
  observations(): { obs: H5Group; count: number; columns: Set<string> } {
    const h5 = this.#h5;
    const obs = child(this.root, "obs");
    const index = obs instanceof h5.Group ? child(obs, String(obs.attrs._index?.value)) : null;
    const columnOrder = obs instanceof h5.Group ? obs.attrs["column-order"]?.value : null;
    if (!(obs instanceof h5.Group) || !(index instanceof h5.Dataset) || !columnOrder)
      throw badTable(
        this.#source,
        "has no obs of anndata 0.7 or newer, to which columns can be added: read it with anndata and write it again with adata.write_h5ad",
      );
    const columns = new Set(Array.from(columnOrder as ArrayLike<unknown>, String));
    return { obs, count: index.shape?.[0] ?? 0, columns };
  }
}

/** anndata has an empty array of numbers for no columns. */
function writeColumnOrder(obs: H5Group, columns: ReadonlySet<string>): void {
  const names = columns.size > 0 ? [...columns] : new Float64Array();
  obs.delete_attribute("column-order");
  obs.create_attribute("column-order", names, [columns.size]);
}

/**
 * Copies `source` to a temporary `path`.
 * @throws {DatasetError} `BadTable`, and system errors
 */
export async function copyH5ad(source: string, path: string): Promise<H5adCopy> {
  copyFileSync(source, path, constants.COPYFILE_FICLONE);
  const copy = new WritableH5(
    source,
    await openH5(path, "a").catch((error) => {
      throw unwritable(source, error);
    }),
  );
  try {
    const { obs, count, columns } = copy.attempt(() => copy.observations());
    const layers: CsrLayer[] = [];
    return {
      obs: (column) =>
        copy.attempt(() => {
          const name = memberName(column);
          const write = copy.rows(obs, name, [count]);
          columns.add(name);
          return write;
        }),
      obsm: (name, d) =>
        copy.attempt(() => copy.rows(copy.group(copy.root, "obsm"), memberName(name), [count, d])),
      sparseLayer(name, { like, genes }) {
        const layer = copy.attempt(() => copy.sparseLayer(name, { like, genes, rows: count }));
        if (!layer) return null;
        layers.push(layer);
        return (block, places) => copy.attempt(() => layer.write(block, places));
      },
      uns: (program, step, value) =>
        copy.attempt(() => {
          const parent = copy.group(copy.group(copy.root, "uns"), program);
          const names = parent.keys();
          let name = step;
          for (let k = 2; names.includes(name); k++) name = `${step}-${k}`;
          writeValue(parent, name, value);
        }),
      close() {
        copy.attempt(() => {
          for (const layer of layers) layer.close();
          writeColumnOrder(obs, columns);
          copy.close();
        });
        flushFile(path);
      },
      abandon: () => copy.close(),
    };
  } catch (error) {
    copy.close();
    throw error;
  }
}

function unwritable(source: string, error: unknown): DatasetError {
  if (error instanceof DatasetError) return error;
  // HDF5's first line names the problem, the others the place.
  const [, problem] = /\(\): (.+)/.exec(reason(error)) ?? [];
  return badTable(source, `cannot be written as .h5ad: ${problem ?? reason(error)}`);
}

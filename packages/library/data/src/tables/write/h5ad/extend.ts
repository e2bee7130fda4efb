// Copies a .h5ad file and adds columns of obs, matrices of obsm and entries of uns; the rest stays
// byte by byte.
import { constants, copyFileSync } from "node:fs";
import { badTable } from "../../../errors.js";
import { child, type Dataset, type Group } from "../../read/h5ad/hdf5.js";
import {
  type AnnotationValues,
  asWriteError,
  H5adFile,
  memberName,
  type NumberArray,
  type UnsValue,
  writeColumnOrder,
  writeRows,
} from "./h5ad-file.js";

/** An open copy of an `.h5ad` file that takes more annotations. */
export interface H5adCopy {
  /** Rows of the file. */
  readonly rows: number;
  /** Adds a column of obs, or replaces numbers of the same type. */
  obs(name: string, values: AnnotationValues): void;
  /** Begins a matrix [rows, d] of obsm. Blocks [count, d] fill rising rows; other rows are NaN. */
  obsm(name: string, d: number): (block: Float32Array, rows: ArrayLike<number>) => void;
  /** Adds uns[program][step], or step-2, step-3, … after earlier ones. */
  uns(program: string, step: string, value: UnsValue): void;
  /** Flushes onto the disk. */
  close(): void;
  /** Does nothing after `close`. */
  abandon(): void;
}

/** Copies `source` to a temporary `path`. Throws `BadTable`, and system errors. */
export async function copyH5ad(source: string, path: string): Promise<H5adCopy> {
  copyFileSync(source, path, constants.COPYFILE_FICLONE);
  const file = await H5adFile.open(path);
  try {
    return asWriteError(source, () => additions(file, source));
  } catch (error) {
    file.close();
    throw error;
  }
}

const gapRows = 2 ** 14;

function spread(
  block: Float32Array,
  rows: ArrayLike<number>,
  { d, first }: { d: number; first: number },
): Float32Array {
  const count = (rows[rows.length - 1] ?? first - 1) + 1 - first;
  if (count === rows.length) return block;
  const whole = new Float32Array(count * d).fill(Number.NaN);
  for (let i = 0; i < rows.length; i++)
    whole.set(block.subarray(i * d, (i + 1) * d), ((rows[i] as number) - first) * d);
  return whole;
}

function additions(file: H5adFile, source: string): H5adCopy {
  const { h5, root } = file;
  const obs = child(root, "obs");
  if (!(obs instanceof h5.Group) || !("column-order" in obs.attrs))
    throw badTable(
      source,
      "has no obs of anndata 0.7 or newer, to which columns can be added: read it with anndata and write it again with adata.write_h5ad",
    );
  const index = child(obs, String(obs.attrs._index?.value));
  const rows = index instanceof h5.Dataset ? (index.shape?.[0] ?? 0) : 0;
  const order = Array.from(obs.attrs["column-order"]?.value as ArrayLike<unknown>, String);
  const group = (parent: Group, name: string): Group => {
    if (!parent.keys().includes(name)) return file.group(parent, name, ["dict", "0.1.0"]);
    const entity = child(parent, name);
    if (entity instanceof h5.Group) return entity;
    throw badTable(source, `${parent.path}${name} is no group: expected a file of anndata`);
  };
  /** HDF5 in WebAssembly removes nothing: it is overwritten in place. */
  const replaceable = (parent: Group, name: string, shape: number[], bytes: number) => {
    if (!parent.keys().includes(name)) return null;
    const there = child(parent, name);
    const isSame =
      there instanceof h5.Dataset &&
      there.metadata.type === 1 &&
      there.metadata.size === bytes &&
      `${there.shape}` === `${shape}`;
    if (isSame) return there as Dataset;
    const place = parent.path.slice(1);
    throw badTable(
      source,
      `has ${place}/${name} already, of another kind or shape: rename it, or delete it with del adata.${place}["${name}"]`,
    );
  };
  const matrices: (() => void)[] = [];
  const attempt = <T>(operation: () => T): T => asWriteError(source, operation);
  return {
    rows,
    obs: (column, values) =>
      attempt(() => {
        const name = memberName(column);
        const numbers = ArrayBuffer.isView(values) ? (values as NumberArray) : null;
        const there = replaceable(obs, name, [rows], numbers?.BYTES_PER_ELEMENT ?? 0);
        if (there && numbers) return writeRows(there, [0, rows], numbers);
        file.write(obs, name, values);
        order.push(name);
      }),
    obsm(entry, d) {
      const name = memberName(entry);
      return attempt(() => {
        const parent = group(root, "obsm");
        const there = replaceable(parent, name, [rows, d], 4);
        let written = 0;
        const append = there
          ? (block: Float32Array) => writeRows(there, [written, written + block.length / d], block)
          : file.matrix(parent, name, { n: rows, d });
        const put = (block: Float32Array) =>
          attempt(() => {
            append(block);
            written += block.length / d;
          });
        matrices.push(() => {
          while (written < rows)
            put(new Float32Array(Math.min(gapRows, rows - written) * d).fill(Number.NaN));
        });
        return (block, places) => put(spread(block, places, { d, first: written }));
      });
    },
    uns: (program, step, value) =>
      attempt(() => {
        const parent = group(group(root, "uns"), program);
        const names = parent.keys();
        let name = step;
        for (let k = 2; names.includes(name); k++) name = `${step}-${k}`;
        file.write(parent, name, value);
      }),
    close: () =>
      attempt(() => {
        for (const fill of matrices) fill();
        writeColumnOrder(obs, order);
        file.finish();
      }),
    abandon: () => file.close(),
  };
}

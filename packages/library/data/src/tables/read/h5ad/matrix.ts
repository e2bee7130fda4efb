// A matrix of a .h5ad file by rows: dense, or sparse by rows (csr) or by columns (csc).
import { badTable } from "../../../errors.js";
import type { Dataset, Group, H5 } from "./h5ad.js";

export interface Matrix {
  n: number;
  d: number;
  /** Rows [count, d]. */
  rows(first: number, count: number): Float64Array;
}

/** Entries of a matrix by columns at most: it must be in memory to be read by rows. */
const mostEntries = 2 ** 26;

/** Checks the bytes of data sets and of their chunks, which are unpacked whole, before they are read. */
function checkSize({ shape, metadata }: Dataset, check: (total: number) => void): void {
  const bytes = (lengths: readonly number[]) =>
    lengths.reduce((product, length) => product * length, metadata.size);
  check(bytes(shape ?? []));
  check(bytes(metadata.chunks ?? []));
}

/**
 * Opens a data set, or a group of a sparse matrix. `check` gets numbers of bytes that will be read. Throws `BadTable` for
 * what is no matrix, and what `check` throws.
 */
export function openMatrix(
  h5: H5,
  path: string,
  found: Dataset | Group,
  check: (total: number) => void,
): Matrix {
  const refuse = (problem: string) => badTable(path, `${found.path} ${problem}`);
  if (found instanceof h5.Dataset) {
    const { shape } = found;
    const [n, d] = shape ?? [];
    if (n === undefined || d === undefined || d === 0 || shape?.length !== 2)
      throw refuse(`has the shape [${shape}]: expected a matrix [n, d]; choose another data.layer`);
    checkSize(found, check);
    return {
      ...{ n, d },
      rows: (first, count) =>
        numbers(
          found.slice([
            [first, first + count],
            [0, d],
          ]),
        ),
    };
  }
  const attribute = (...names: string[]) =>
    names
      .map((name) => found.attrs[name]?.value)
      .find((value) => value !== undefined && value !== null);
  const encoding = String(attribute("encoding-type", "h5sparse_format") ?? "");
  const kind = /^cs[rc]/.exec(encoding)?.[0];
  const shape = Array.from(
    (attribute("shape", "h5sparse_shape") ?? []) as ArrayLike<unknown>,
    Number,
  );
  const part = (name: string) => (found.keys().includes(name) ? found.get(name) : null);
  const [data, indices, indptr] = ["data", "indices", "indptr"].map(part);
  const whole = [data, indices, indptr].every((one) => one instanceof h5.Dataset);
  const [n, d] = shape;
  if (kind === undefined || n === undefined || d === undefined || !whole)
    throw refuse(
      `is ${encoding || "a group"}: expected a dense matrix, csr_matrix or csc_matrix; choose another data.layer`,
    );
  const parts = { data: data as Dataset, indices: indices as Dataset };
  for (const one of [data, indices, indptr]) checkSize(one as Dataset, check);
  const pointers = numbers((indptr as Dataset).value);
  const [major, minor] = kind === "csr" ? [n, d] : [d, n];
  const entries = pointers.at(-1) ?? 0;
  const rising = pointers.every((p, i) => p >= (i === 0 ? 0 : (pointers[i - 1] as number)));
  if (pointers.length !== major + 1 || !rising || entries > (parts.data.shape?.[0] ?? 0))
    throw refuse("is damaged: its pointers do not fit its entries; write it again");
  const inside = (columns: Float64Array) => {
    if (columns.some((j) => !(j >= 0 && j < minor)))
      throw refuse("is damaged: it has entries beyond its shape; write it again");
    return columns;
  };
  if (kind === "csr") return { n, d, rows: byRows({ parts, pointers, d, inside }) };
  if (entries > mostEntries)
    throw refuse(
      `is sparse by columns with ${entries} entries: expected at most ${mostEntries}, or rows; write it again after adata.X = adata.X.tocsr()`,
    );
  return { n, d, rows: byColumns({ parts, pointers, d, inside }, n) };
}

interface Sparse {
  parts: { data: Dataset; indices: Dataset };
  pointers: Float64Array;
  d: number;
  inside: (indices: Float64Array) => Float64Array;
}

function byRows({ parts, pointers, d, inside }: Sparse): Matrix["rows"] {
  return (first, count) => {
    const [begin, end] = [pointers[first] as number, pointers[first + count] as number];
    const block = new Float64Array(count * d);
    if (end === begin) return block;
    const values = numbers(parts.data.slice([[begin, end]]));
    const columns = inside(numbers(parts.indices.slice([[begin, end]])));
    for (let i = 0; i < count; i++)
      for (
        let e = (pointers[first + i] as number) - begin;
        e < (pointers[first + i + 1] as number) - begin;
        e++
      )
        block[i * d + (columns[e] as number)] = values[e] as number;
    return block;
  };
}

/** The entries are sorted by rows once, at the first use. */
function byColumns({ parts, pointers, d, inside }: Sparse, n: number): Matrix["rows"] {
  let sorted: { starts: Int32Array; columns: Int32Array; values: Float64Array } | null = null;
  const sort = () => {
    const values = numbers(parts.data.value);
    const rows = inside(numbers(parts.indices.value));
    const starts = new Int32Array(n + 1);
    for (const row of rows) starts[row + 1] = (starts[row + 1] as number) + 1;
    for (let i = 0; i < n; i++) starts[i + 1] = (starts[i + 1] as number) + (starts[i] as number);
    const next = starts.slice();
    const out = {
      starts,
      columns: new Int32Array(rows.length),
      values: new Float64Array(rows.length),
    };
    for (let column = 0; column < d; column++)
      for (let e = pointers[column] as number; e < (pointers[column + 1] as number); e++) {
        const row = rows[e] as number;
        const place = next[row] as number;
        next[row] = place + 1;
        out.columns[place] = column;
        out.values[place] = values[e] as number;
      }
    return out;
  };
  return (first, count) => {
    sorted ??= sort();
    const { starts, columns, values } = sorted;
    const block = new Float64Array(count * d);
    for (let i = 0; i < count; i++)
      for (let e = starts[first + i] as number; e < (starts[first + i + 1] as number); e++)
        block[i * d + (columns[e] as number)] = values[e] as number;
    return block;
  };
}

const numbers = (values: unknown): Float64Array =>
  Float64Array.from(values as ArrayLike<number | bigint>, Number);

import { badTable, type DatasetError } from "../../../errors.js";
import { child, type Dataset, type Group, type H5 } from "./hdf5.js";

export interface Matrix {
  n: number;
  d: number;
  /** Rows [count, d]. */
  rows(first: number, count: number): Float64Array;
}

/** A matrix by columns must be in memory to be read by rows. */
const mostEntries = 2 ** 26;

type Refuse = (problem: string) => DatasetError;

/**
 * `check` receives the number of bytes before reading. Throws `BadTable`, and errors of `check`.
 */
export function openMatrix(
  h5: H5,
  path: string,
  entity: Dataset | Group,
  check: (total: number) => void,
): Matrix {
  const refuse = (problem: string) => badTable(path, `${entity.path} ${problem}`);
  return entity instanceof h5.Dataset
    ? openDense(entity, refuse, check)
    : openSparse(h5, entity, refuse, check);
}

function checkSize(
  { shape, metadata }: Dataset,
  refuse: Refuse,
  check: (total: number) => void,
): void {
  // Numbers of HDF5 are integers (0), floats (1) or enums (8): others, such as variable lengths, take memory unseen.
  if (![0, 1, 8].includes(metadata.type))
    throw refuse("holds no numbers: choose another data.layer");
  for (const lengths of [shape ?? [], metadata.chunks ?? []])
    check(lengths.reduce((product, length) => product * length, metadata.size));
}

function openDense(dataset: Dataset, refuse: Refuse, check: (total: number) => void): Matrix {
  const { shape } = dataset;
  const [n, d] = shape ?? [];
  if (n === undefined || d === undefined || d === 0 || shape?.length !== 2)
    throw refuse(`has the shape [${shape}]: expected a matrix [n, d]; choose another data.layer`);
  checkSize(dataset, refuse, check);
  const rows = (first: number, count: number) =>
    toNumbers(
      dataset.slice([
        [first, first + count],
        [0, d],
      ]),
    );
  return { n, d, rows };
}

function openSparse(h5: H5, group: Group, refuse: Refuse, check: (total: number) => void): Matrix {
  const attribute = (name: string, legacyName: string) =>
    group.attrs[name]?.value ?? group.attrs[legacyName]?.value;
  const encoding = String(attribute("encoding-type", "h5sparse_format") ?? "");
  const shape = (attribute("shape", "h5sparse_shape") ?? []) as ArrayLike<unknown>;
  const [n, d] = Array.from(shape, Number);
  const [data, indices, indptr] = ["data", "indices", "indptr"].map((name) => child(group, name));
  if (
    !/^cs[rc]/.test(encoding) ||
    n === undefined ||
    d === undefined ||
    !(data instanceof h5.Dataset) ||
    !(indices instanceof h5.Dataset) ||
    !(indptr instanceof h5.Dataset)
  )
    throw refuse(
      `is ${encoding || "a group"}: expected a dense matrix, csr_matrix or csc_matrix; choose another data.layer`,
    );
  for (const part of [data, indices, indptr]) checkSize(part, refuse, check);
  const pointers = toNumbers(indptr.value);
  const isByRows = encoding.startsWith("csr");
  const major = isByRows ? n : d;
  const minor = isByRows ? d : n;
  const entries = pointers.at(-1) ?? 0;
  const isRising = pointers.every((p, i) => p >= (i === 0 ? 0 : (pointers[i - 1] as number)));
  if (pointers.length !== major + 1 || !isRising || entries > (data.shape?.[0] ?? 0))
    throw refuse("is damaged: its pointers do not fit its entries; write it again");
  if (!isByRows && entries > mostEntries)
    throw refuse(
      `is sparse by columns with ${entries} entries: expected at most ${mostEntries}, or rows; write it again after adata.X = adata.X.tocsr()`,
    );
  const read = (begin: number, end: number): Entries => {
    if (end === begin) return { values: new Float64Array(), places: new Float64Array() };
    const places = toNumbers(indices.slice([[begin, end]]));
    if (places.some((j) => !(j >= 0 && j < minor)))
      throw refuse("is damaged: it has entries beyond its shape; write it again");
    return { values: toNumbers(data.slice([[begin, end]])), places };
  };
  let sorted: ReturnType<typeof sortByRows> | null = null;
  return {
    n,
    d,
    rows(first, count) {
      if (!isByRows) sorted ??= sortByRows(read(0, entries), pointers, n);
      const starts = sorted?.starts ?? pointers;
      const begin = starts[first] as number;
      const { values, places } = sorted?.entries ?? read(begin, starts[first + count] as number);
      const shift = sorted ? 0 : begin;
      const block = new Float64Array(count * d);
      for (let i = 0; i < count; i++) {
        const last = (starts[first + i + 1] as number) - shift;
        for (let e = (starts[first + i] as number) - shift; e < last; e++)
          block[i * d + (places[e] as number)] = values[e] as number;
      }
      return block;
    },
  };
}

interface Entries {
  values: Float64Array;
  places: Float64Array;
}

function sortByRows({ values, places }: Entries, pointers: Float64Array, n: number) {
  const starts = new Float64Array(n + 1);
  for (const row of places) starts[row + 1] = (starts[row + 1] as number) + 1;
  for (let i = 0; i < n; i++) starts[i + 1] = (starts[i + 1] as number) + (starts[i] as number);
  const next = starts.slice();
  const entries = {
    values: new Float64Array(places.length),
    places: new Float64Array(places.length),
  };
  for (let column = 0; column + 1 < pointers.length; column++)
    for (let e = pointers[column] as number; e < (pointers[column + 1] as number); e++) {
      const row = places[e] as number;
      const place = next[row] as number;
      next[row] = place + 1;
      entries.places[place] = column;
      entries.values[place] = values[e] as number;
    }
  return { starts, entries };
}

const toNumbers = (values: unknown): Float64Array =>
  Float64Array.from(values as ArrayLike<number | bigint>, Number);

import { badTable, type DatasetError } from "../../../errors.js";
import { child, type H5, type H5Dataset, type H5Group } from "../../../files/hdf5.js";
import { denseBlock, type Matrix } from "../matrix.js";

type Refuse = (problem: string) => DatasetError;

/**
 * `check` receives the number of bytes before reading.
 * @throws {DatasetError} `BadTable`, and errors of `check`.
 */
export function openX(
  h5: H5,
  path: string,
  entity: H5Dataset | H5Group,
  check: (total: number) => void,
): Matrix {
  const refuse = (problem: string) => badTable(path, `${entity.path} ${problem}`);
  return entity instanceof h5.Dataset
    ? openDense(entity, refuse, check)
    : openSparse(h5, entity, refuse, check);
}

function checkSize(
  { shape, metadata }: H5Dataset,
  refuse: Refuse,
  check: (total: number) => void,
): void {
  // Numbers of HDF5 are integers (0), floats (1) or enums (8): others, such as variable lengths, take memory unseen.
  if (![0, 1, 8].includes(metadata.type))
    throw refuse("holds no numbers: choose another data.layer");
  for (const lengths of [shape ?? [], metadata.chunks ?? []])
    check(lengths.reduce((product, length) => product * length, metadata.size));
}

function openDense(dataset: H5Dataset, refuse: Refuse, check: (total: number) => void): Matrix {
  const { shape } = dataset;
  const [n, d] = shape ?? [];
  if (n === undefined || d === undefined || d === 0 || shape?.length !== 2)
    throw refuse(`has the shape [${shape}]: expected a matrix [n, d]; choose another data.layer`);
  checkSize(dataset, refuse, check);
  const block = (first: number, count: number) => {
    const values = dataset.slice([
      [first, first + count],
      [0, d],
    ]);
    return denseBlock(toNumbers(values), d);
  };
  return { n, d, block };
}

/** The compressed lines of a sparse matrix: rows of csr_matrix, columns of csc_matrix. */
interface SparseLines {
  /** Length of a line. */
  length: number;
  /** Where each line begins, and where the last one ends. */
  pointers: Float64Array;
  /** Places in their lines, and values, of the entries in [begin, end). */
  read(begin: number, end: number): { places: Float64Array; values: Float64Array };
}

function openSparse(
  h5: H5,
  group: H5Group,
  refuse: Refuse,
  check: (total: number) => void,
): Matrix {
  const attribute = (name: string, legacyName: string) =>
    group.attrs[name]?.value ?? group.attrs[legacyName]?.value;
  const encoding = String(attribute("encoding-type", "h5sparse_format") ?? "");
  const shape = (attribute("shape", "h5sparse_shape") ?? []) as ArrayLike<unknown>;
  const [n, d] = Array.from(shape, Number);
  const isByRows = encoding.startsWith("csr");
  const isSparse = isByRows || encoding.startsWith("csc");
  if (isSparse && (n === undefined || d === undefined))
    throw refuse("is damaged: it has no shape; write it again");
  if (encoding === "dataframe")
    throw refuse(
      "is a table (DataFrame): expected a matrix; write it again as a matrix (.to_numpy()), or choose another data.layer",
    );
  if (!isSparse || n === undefined || d === undefined)
    throw refuse(
      `is ${encoding || "a group"}: expected a dense matrix, csr_matrix or csc_matrix; choose another data.layer, or write it again after adata.X = adata.X.tocsr()`,
    );
  const [lines, length] = isByRows ? [n, d] : [d, n];
  const parts = ["data", "indices", "indptr"].map((name) => child(group, name));
  const sparse = openLines(h5, parts, { lines, length }, { refuse, check });
  if (isByRows) return { n, d, block: rowBlocks(sparse) };
  // Facts of the file and columns of obs are read without the matrix.
  let blocks: Matrix["block"] | undefined;
  const block: Matrix["block"] = (first, count) => {
    blocks ??= rowBlocks(transpose(sparse, check));
    return blocks(first, count);
  };
  return { n, d, block };
}

function openLines(
  h5: H5,
  parts: readonly unknown[],
  { lines, length }: { lines: number; length: number },
  { refuse, check }: { refuse: Refuse; check: (total: number) => void },
): SparseLines {
  const isDataset = (part: unknown) => part instanceof h5.Dataset;
  if (!parts.every(isDataset))
    throw refuse("is damaged: it lacks data, indices or indptr; write it again");
  const [data, indices, indptr] = parts as H5Dataset[];
  for (const part of [data, indices, indptr]) checkSize(part, refuse, check);
  const pointers = toNumbers(indptr.value);
  const entries = pointers.at(-1) ?? 0;
  const isRising = pointers.every((p, i) => p >= (i === 0 ? 0 : pointers[i - 1]));
  if (pointers.length !== lines + 1 || !isRising || entries > (data.shape?.[0] ?? 0))
    throw refuse("is damaged: its pointers do not fit its entries; write it again");
  return {
    length,
    pointers,
    read(begin, end) {
      const places = toNumbers(indices.slice([[begin, end]]));
      const values = toNumbers(data.slice([[begin, end]]));
      if (places.some((j) => !(j >= 0 && j < length)))
        throw refuse("is damaged: it has entries beyond its shape; write it again");
      return { places, values };
    },
  };
}

const rowBlocks =
  ({ pointers, read }: SparseLines): Matrix["block"] =>
  (first, count) => {
    const begin = pointers[first];
    const end = pointers[first + count];
    if (end === begin) return () => {};
    const { places, values } = read(begin, end);
    return (entry) => {
      for (let i = 0; i < count; i++) {
        const last = pointers[first + i + 1] - begin;
        for (let e = pointers[first + i] - begin; e < last; e++) entry(i, places[e], values[e]);
      }
    };
  };

/** Entries of a csc_matrix that are read at once. */
const entriesOfBlock = 2 ** 20;

/** The lines of the transposed matrix, in memory. */
function transpose(sparse: SparseLines, check: (total: number) => void): SparseLines {
  const { length: lines, pointers, read } = sparse;
  const entries = pointers.at(-1) ?? 0;
  // Values of 8 bytes, places of 4.
  check(12 * entries);
  const begins = new Float64Array(lines + 1);
  eachBlock(entries, (begin, end) => {
    for (const place of read(begin, end).places) begins[place + 1] += 1;
  });
  for (let i = 0; i < lines; i++) begins[i + 1] += begins[i];
  const next = begins.slice();
  const places = new Int32Array(entries);
  const values = new Float64Array(entries);
  let line = 0;
  eachBlock(entries, (begin, end) => {
    const block = read(begin, end);
    for (let e = begin; e < end; e++) {
      while (e >= pointers[line + 1]) line += 1;
      const at = next[block.places[e - begin]]++;
      places[at] = line;
      values[at] = block.values[e - begin];
    }
  });
  return {
    length: pointers.length - 1,
    pointers: begins,
    read: (begin, end) => ({
      places: Float64Array.from(places.subarray(begin, end)),
      values: values.subarray(begin, end),
    }),
  };
}

function eachBlock(entries: number, visit: (begin: number, end: number) => void): void {
  for (let begin = 0; begin < entries; begin += entriesOfBlock)
    visit(begin, Math.min(begin + entriesOfBlock, entries));
}

const toNumbers = (values: unknown): Float64Array =>
  values instanceof BigInt64Array || values instanceof BigUint64Array
    ? Float64Array.from(values as ArrayLike<bigint>, Number)
    : new Float64Array(values as ArrayLike<number>);

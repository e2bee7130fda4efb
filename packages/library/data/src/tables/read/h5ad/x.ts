import { badTable, type DatasetError } from "../../../errors.js";
import { denseBlock, type Matrix } from "../matrix.js";
import { child, type H5, type H5Dataset, type H5Group } from "./hdf5.js";

type Refuse = (problem: string) => DatasetError;

/**
 * `check` receives the number of bytes before reading. Throws `BadTable`, and errors of `check`.
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
  const [data, indices, indptr] = ["data", "indices", "indptr"].map((name) => child(group, name));
  if (
    !encoding.startsWith("csr") ||
    n === undefined ||
    d === undefined ||
    !(data instanceof h5.Dataset) ||
    !(indices instanceof h5.Dataset) ||
    !(indptr instanceof h5.Dataset)
  )
    throw refuse(
      `is ${encoding || "a group"}: expected a dense matrix or csr_matrix; choose another data.layer, or write it again after adata.X = adata.X.tocsr()`,
    );
  for (const part of [data, indices, indptr]) checkSize(part, refuse, check);
  const pointers = toNumbers(indptr.value);
  const entries = pointers.at(-1) ?? 0;
  const isRising = pointers.every((p, i) => p >= (i === 0 ? 0 : pointers[i - 1]));
  if (pointers.length !== n + 1 || !isRising || entries > (data.shape?.[0] ?? 0))
    throw refuse("is damaged: its pointers do not fit its entries; write it again");
  return {
    n,
    d,
    block(first, count) {
      const begin = pointers[first];
      const end = pointers[first + count];
      if (end === begin) return () => {};
      const places = toNumbers(indices.slice([[begin, end]]));
      const values = toNumbers(data.slice([[begin, end]]));
      if (places.some((j) => !(j >= 0 && j < d)))
        throw refuse("is damaged: it has entries beyond its shape; write it again");
      return (entry) => {
        for (let i = 0; i < count; i++) {
          const last = pointers[first + i + 1] - begin;
          for (let e = pointers[first + i] - begin; e < last; e++) entry(i, places[e], values[e]);
        }
      };
    },
  };
}

const toNumbers = (values: unknown): Float64Array =>
  values instanceof BigInt64Array || values instanceof BigUint64Array
    ? Float64Array.from(values as ArrayLike<bigint>, Number)
    : new Float64Array(values as ArrayLike<number>);

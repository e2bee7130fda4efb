import { badTable } from "../../../errors.js";
import {
  child,
  type H5,
  type H5Dataset,
  type H5Entity,
  type H5Group,
} from "../../../files/hdf5.js";
import type { ObsColumn } from "../matrix.js";

/**
 * The columns of obs by name, of n cells; others than numbers, texts and categories are skipped.
 * @throws {DatasetError} `BadTable` for the table of anndata 0.6, and for a column of another length.
 */
export function readAnnotations(
  h5: H5,
  file: H5Group,
  { path, n }: { path: string; n: number },
): Map<string, ObsColumn> {
  const annotations = new Map<string, ObsColumn>();
  const obs = child(file, "obs");
  if (obs instanceof h5.Dataset)
    throw badTable(
      path,
      "has an obs of anndata 0.6 or older: read it with anndata and write it again with adata.write_h5ad",
    );
  if (!(obs instanceof h5.Group)) return annotations;
  // anndata 0.7 keeps the categories of all columns in one group.
  const oldCategories = child(obs, "__categories");
  for (const name of obs.keys()) {
    if (name === "__categories") continue;
    const old = oldCategories instanceof h5.Group ? child(oldCategories, name) : null;
    const codes = child(obs, name);
    const column =
      old instanceof h5.Dataset && codes instanceof h5.Dataset
        ? categorical(codes, old, isOrdered(old))
        : annotationOf(h5, codes);
    if (column && column.length !== n)
      throw badTable(
        path,
        `is damaged: obs/${name} has ${column.length} entries for ${n} rows; write it again`,
      );
    if (column) annotations.set(name === "_index" ? "index" : name, column);
  }
  return annotations;
}

/** A column with the number of its entries. */
interface SizedColumn extends ObsColumn {
  length: number;
}

const lengthOf = ({ shape }: H5Dataset): number => shape?.[0] ?? 0;

function annotationOf(h5: H5, entity: H5Entity): SizedColumn | null {
  if (entity instanceof h5.Dataset) {
    if (entity.shape?.length !== 1) return null;
    return { kind: kindOf(entity), length: lengthOf(entity), read: () => valuesOf(entity) };
  }
  if (!(entity instanceof h5.Group)) return null;
  const dataset = (name: string): H5Dataset | null => {
    const member = child(entity, name);
    return member instanceof h5.Dataset ? member : null;
  };
  const codes = dataset("codes");
  const categories = dataset("categories");
  if (codes && categories) return categorical(codes, categories, isOrdered(entity));
  const values = dataset("values");
  const mask = dataset("mask");
  if (!values || !mask) return null;
  return {
    kind: kindOf(values),
    length: lengthOf(values),
    read() {
      const isMissing = valuesOf(mask);
      return valuesOf(values).map((value, i) => (isMissing[i] ? null : value));
    },
  };
}

const isOrdered = ({ attrs }: H5Group | H5Dataset): boolean =>
  Number(attrs.ordered?.value ?? 0) === 1;

function categorical(codes: H5Dataset, categories: H5Dataset, hasOrder: boolean): SizedColumn {
  return {
    kind: "text",
    length: lengthOf(codes),
    ...(hasOrder && { order: valuesOf(categories).map(String) }),
    read() {
      const names = valuesOf(categories);
      return valuesOf(codes).map((code) => {
        if (Number(code) < 0) return null;
        const name = names[Number(code)];
        if (name === undefined)
          throw new Error(`${codes.path} has the code ${code} of ${names.length} categories`);
        return String(name);
      });
    },
  };
}

/** Returns null for other entities. */
export function textsOf(h5: H5, entity: H5Entity): string[] | null {
  if (entity instanceof h5.Dataset) return valuesOf(entity).map(String);
  return annotationOf(h5, entity)?.read().map(String) ?? null;
}

const kindOf = ({ metadata }: H5Dataset): ObsColumn["kind"] =>
  metadata.type === 3 || metadata.type === 9 ? "text" : "number";

/** A few bytes can claim any number of entries. */
const mostEntries = { number: 2 ** 28, text: 2 ** 24 };

function valuesOf(dataset: H5Dataset): (string | number | bigint | null)[] {
  const entries = dataset.shape?.[0] ?? 1;
  const most = mostEntries[kindOf(dataset)];
  if (entries > most) throw new Error(`${dataset.path} has ${entries} entries, more than ${most}`);
  return Array.from(dataset.value as ArrayLike<unknown>, (value) =>
    // A float64 would round whole numbers of 64 bits.
    typeof value === "string" || typeof value === "bigint" ? value : Number(value),
  );
}

import {
  child,
  type H5,
  type H5Dataset,
  type H5Entity,
  type H5Group,
} from "../../../files/hdf5.js";
import type { ObsColumn } from "../matrix.js";

/** The columns of obs by name, of n cells; others than numbers, texts and categories are skipped. */
export function readAnnotations(h5: H5, file: H5Group, n: number): Map<string, ObsColumn> {
  const annotations = new Map<string, ObsColumn>();
  const obs = child(file, "obs");
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
        : annotationOf(h5, codes, n);
    if (column) annotations.set(name === "_index" ? "index" : name, column);
  }
  return annotations;
}

function annotationOf(h5: H5, entity: H5Entity, n: number): ObsColumn | null {
  if (entity instanceof h5.Dataset) {
    if (entity.shape?.length !== 1 || entity.shape[0] !== n) return null;
    return { kind: kindOf(entity), read: () => valuesOf(entity) };
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
    read() {
      const isMissing = valuesOf(mask);
      return valuesOf(values).map((value, i) => (isMissing[i] ? null : value));
    },
  };
}

const isOrdered = ({ attrs }: H5Group | H5Dataset): boolean =>
  Number(attrs.ordered?.value ?? 0) === 1;

function categorical(codes: H5Dataset, categories: H5Dataset, hasOrder: boolean): ObsColumn {
  return {
    kind: "text",
    ...(hasOrder && { order: valuesOf(categories).map(String) }),
    read() {
      const names = valuesOf(categories);
      return valuesOf(codes).map((code) => (Number(code) < 0 ? null : String(names[Number(code)])));
    },
  };
}

/** Returns null for other entities. */
export function textsOf(h5: H5, entity: H5Entity): string[] | null {
  if (entity instanceof h5.Dataset) return valuesOf(entity).map(String);
  return annotationOf(h5, entity, -1)?.read().map(String) ?? null;
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

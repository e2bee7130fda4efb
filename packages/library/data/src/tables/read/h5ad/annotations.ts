// The columns of obs in a .h5ad file: numbers, texts, and categories, whose codes stand beside their names.
import type { Dataset, Group, H5 } from "./h5ad.js";

type Entity = ReturnType<Group["get"]>;

/** A column of obs; `read` gives a value for each row, null for a missing one. */
export interface Annotation {
  kind: "number" | "text";
  read(): (string | number | null)[];
}

/** The columns of obs by name, its index among them. */
export function annotations(h5: H5, file: Group, n: number): Map<string, Annotation> {
  const found = new Map<string, Annotation>();
  const obs = file.keys().includes("obs") ? file.get("obs") : null;
  if (!(obs instanceof h5.Group)) return found;
  for (const name of obs.keys()) {
    const one = name === "__categories" ? null : annotation(h5, obs.get(name), n);
    if (one) found.set(name === "_index" ? "index" : name, one);
  }
  return found;
}

function annotation(h5: H5, entity: Entity, n: number): Annotation | null {
  if (entity instanceof h5.Dataset) {
    if (entity.shape?.length !== 1 || entity.shape[0] !== n) return null;
    return { kind: isText(entity) ? "text" : "number", read: () => plain(entity) };
  }
  if (!(entity instanceof h5.Group)) return null;
  const [codes, categories] = [member(h5, entity, "codes"), member(h5, entity, "categories")];
  if (codes && categories)
    return {
      kind: "text",
      read() {
        const names = plain(categories);
        return plain(codes).map((code) => (Number(code) < 0 ? null : String(names[Number(code)])));
      },
    };
  const [values, mask] = [member(h5, entity, "values"), member(h5, entity, "mask")];
  if (!values || !mask) return null;
  return {
    kind: isText(values) ? "text" : "number",
    read() {
      const missing = plain(mask);
      return plain(values).map((value, i) => (missing[i] ? null : value));
    },
  };
}

function member(h5: H5, group: Group, name: string): Dataset | null {
  const found = group.keys().includes(name) ? group.get(name) : null;
  return found instanceof h5.Dataset ? found : null;
}

/** The texts of a data set or of categories; null for others. */
export function textsOf(h5: H5, entity: Entity): string[] | null {
  const one =
    entity instanceof h5.Dataset ? { read: () => plain(entity) } : annotation(h5, entity, -1);
  return one?.read().map(String) ?? null;
}

const isText = ({ metadata }: Dataset): boolean => metadata.type === 3 || metadata.type === 9;

/** Entries of a column or of its categories at most: a few bytes can claim any number of them. */
const most = 2 ** 28;

function plain(dataset: Dataset): (string | number | null)[] {
  const entries = dataset.shape?.[0] ?? 1;
  if (entries > most) throw new Error(`${dataset.path} has ${entries} entries, more than ${most}`);
  return Array.from(dataset.value as ArrayLike<unknown>, (value) =>
    typeof value === "string" ? value : Number(value),
  );
}

// Small .h5ad files as anndata and scanpy write them.
import h5wasm from "h5wasm/node";

type Cells = readonly (string | number | null)[];

/**
 * Writes X by columns and columns of obs; texts with missing cells are categories, in the given order
 * if they have one.
 */
export async function writeH5ad(
  path: string,
  x: Readonly<Record<string, ArrayLike<number>>>,
  obs: Readonly<Record<string, Cells>>,
  orders: Readonly<Record<string, readonly string[]>> = {},
): Promise<void> {
  await h5wasm.ready;
  const file = new h5wasm.File(path, "w", { libver: ["earliest", "latest"] });
  type Group = Pick<typeof file, "create_attribute" | "create_group" | "create_dataset">;
  const encode = (entity: Group | InstanceType<typeof h5wasm.Dataset>, type: string) => {
    entity.create_attribute("encoding-type", type);
    entity.create_attribute("encoding-version", "0.2.0");
  };
  const put = (group: Group, name: string, data: Cells) => {
    if (!data.includes(null) || !data.some((cell) => typeof cell === "string")) {
      const isText = data.some((cell) => typeof cell === "string");
      const values = isText ? data.map(String) : Float64Array.from(data, (v) => Number(v ?? NaN));
      encode(group.create_dataset({ name, data: values }), isText ? "string-array" : "array");
      return;
    }
    const inner = group.create_group(name);
    const order = Object.hasOwn(orders, name) ? orders[name] : null;
    const categories = order ?? [...new Set(data.filter((cell) => cell !== null))].toSorted();
    encode(inner, "categorical");
    inner.create_attribute("ordered", Number(order !== null), null, "<b");
    put(inner, "categories", categories);
    const codes = Int8Array.from(data, (cell) => (categories as Cells).indexOf(cell));
    encode(inner.create_dataset({ name: "codes", data: codes }), "array");
  };
  const frame = (name: string, index: string[], columns: Readonly<Record<string, Cells>>) => {
    const group = file.create_group(name);
    encode(group, "dataframe");
    const names = Object.keys(columns);
    group.create_attribute("_index", "_index");
    group.create_attribute("column-order", names.length > 0 ? names : new Float64Array());
    put(group, "_index", index);
    for (const [column, cells] of Object.entries(columns)) put(group, column, cells);
  };
  const names = Object.keys(x);
  const n = Object.values(x)[0]?.length ?? 0;
  const rows = Array.from({ length: n }, (_, i) => names.map((name) => x[name]?.[i] ?? 0));
  const data = Float32Array.from(rows.flat());
  encode(file.create_dataset({ name: "X", data, shape: [n, names.length] }), "array");
  frame(
    "obs",
    rows.map((_, i) => String(i)),
    obs,
  );
  frame("var", names, {});
  file.close();
}

/** Adds principal components [n, d] of the cells, and their loadings [genes, d] if there are any. */
export function addComponents(
  path: string,
  components: readonly (readonly number[])[],
  loadings?: readonly (readonly number[])[],
): void {
  const file = new h5wasm.File(path, "a");
  const put = (group: string, name: string, rows: readonly (readonly number[])[]) => {
    const data = Float32Array.from(rows.flat());
    const shape = [rows.length, rows[0]?.length ?? 0];
    const entry = file.create_group(group).create_dataset({ name, data, shape });
    entry.create_attribute("encoding-type", "array");
    entry.create_attribute("encoding-version", "0.2.0");
  };
  put("obsm", "X_pca", components);
  if (loadings) put("varm", "PCs", loadings);
  file.close();
}

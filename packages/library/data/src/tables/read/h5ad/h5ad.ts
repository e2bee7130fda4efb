// .h5ad, the annotated matrices of single cells (anndata's on-disk format): X, a layer or an entry of obsm by rows, and
// the columns of obs beside it.
import { badTable, DatasetError, invalidOption, reason } from "../../../errors.js";
import { checkUnpacked } from "../../../files/archive.js";
import { didYouMean } from "../../../names.js";
import { asNumber } from "../../cells.js";
import {
  arrayNames,
  batchRows,
  type Opened,
  type ReadOptions,
  type RowRequest,
  type TableColumn,
} from "../../rows.js";
import { type Annotation, annotations, textsOf } from "./annotations.js";
import { openMatrix } from "./matrix.js";

/** h5wasm as it runs in Node, on the file system itself. */
export type H5 = typeof import("h5wasm/node");
export type Group = InstanceType<H5["Group"]>;
export type Dataset = InstanceType<H5["Dataset"]>;

/** Opens a matrix of a .h5ad file. Throws `BadTable`, and `InvalidOption` for a matrix that it has not. */
export async function openH5ad(
  path: string,
  size: number,
  { layer = "X", limits }: ReadOptions,
): Promise<Opened> {
  const h5 = await import("h5wasm/node");
  // Errors are thrown with HDF5's own texts, and not printed.
  (await h5.ready).activate_throwing_error_handler();
  const file = guarded(path, () => new h5.File(path, "r"));
  const cure = "write it again without compression";
  const check = (total: number) => checkUnpacked(path, total, "BadTable", { size, limits, cure });
  try {
    const open = () => openMatrix(h5, path, chosen(h5, path, file, layer), check);
    const matrix = guarded(path, open);
    const own = layer.startsWith("obsm/") || !(layer === "X" || has(h5, file, "layers", layer));
    const named = own ? null : guarded(path, () => variables(h5, file, matrix.d));
    const names = named ?? arrayNames(matrix.d);
    const beside = new Map(
      [...guarded(path, () => annotations(h5, file, matrix.n))].map(([name, one]) => [
        names.includes(name) ? `obs.${name}` : name,
        one,
      ]),
    );
    const columns = [
      ...names.map((name): TableColumn => ({ name, kind: "number" })),
      ...Array.from(beside, ([name, { kind }]): TableColumn => ({ name, kind, beside: true })),
    ];
    return {
      columns,
      named: named !== null,
      rows: matrix.n,
      notes: [],
      close: () => void file.close(),
      async *batches({ numbers = [], texts = [], signal }: RowRequest) {
        const { n, d } = matrix;
        const numberAt = numbers.map((name) => names.indexOf(name));
        const textAt = texts.map((name) => names.indexOf(name));
        const wanted = [...numberAt, ...textAt].some((at) => at >= 0);
        // Columns of obs are read whole: one value a row.
        const noted = (name: string) =>
          guarded(path, () => (beside.get(name) as Annotation).read());
        const [numberNotes, textNotes] = [numberAt, textAt].map((at, i) =>
          at.map((k, j) => (k < 0 ? noted((i === 0 ? numbers : texts)[j] as string) : null)),
        ) as [ReturnType<typeof noted>[], ReturnType<typeof noted>[]];
        const rows = batchRows(d);
        for (let first = 0; first < n; first += rows) {
          signal?.throwIfAborted();
          // Reading is synchronous: others get their turn between batches.
          await new Promise(setImmediate);
          const count = Math.min(rows, n - first);
          const block = wanted ? guarded(path, () => matrix.rows(first, count)) : null;
          const value = (k: number, i: number) => (block as Float64Array)[i * d + k] as number;
          yield {
            ...{ first, count },
            numbers: numberAt.map((k, j) =>
              Float64Array.from({ length: count }, (_, i) =>
                k < 0 ? asNumber(numberNotes[j]?.[first + i]) : value(k, i),
              ),
            ),
            texts: textAt.map((k, j) =>
              Array.from({ length: count }, (_, i) =>
                String(k < 0 ? (textNotes[j]?.[first + i] ?? "") : value(k, i)),
              ),
            ),
          };
        }
      },
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

const groupOf = (h5: H5, file: Group, name: string): Group | null => {
  const found = file.keys().includes(name) ? file.get(name) : null;
  return found instanceof h5.Group ? found : null;
};

const has = (h5: H5, file: Group, group: string, name: string): boolean =>
  groupOf(h5, file, group)?.keys().includes(name) ?? false;

/** The matrix of a name: "X", an entry of layers or obsm, or "layers/…", "obsm/…". */
function chosen(h5: H5, path: string, file: Group, layer: string): Dataset | Group {
  const inside = ["layers", "obsm"].flatMap((group) =>
    (groupOf(h5, file, group)?.keys() ?? []).map((name) => [group, name] as const),
  );
  const place =
    layer === "X"
      ? "X"
      : inside.find(([group, name]) => name === layer || `${group}/${name}` === layer)?.join("/");
  const found =
    place !== undefined && (place !== "X" || file.keys().includes("X")) ? file.get(place) : null;
  if (found instanceof h5.Dataset || found instanceof h5.Group) return found;
  const known = [...(file.keys().includes("X") ? ["X"] : []), ...inside.map(([, name]) => name)];
  throw invalidOption(
    `data.layer=${layer}: ${path} has the matrices ${known.join(", ") || "none (expected a file of anndata)"}${didYouMean(layer, known)}`,
  );
}

/** The names of X's columns; null where there are none. */
function variables(h5: H5, file: Group, d: number): string[] | null {
  const group = groupOf(h5, file, "var");
  const index = group && textsOf(h5, group.get(String(group.attrs._index?.value ?? "_index")));
  return index?.length === d ? index : null;
}

function guarded<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw badTable(
      path,
      `cannot be read as .h5ad (${reason(error)}): write it again with adata.write_h5ad`,
    );
  }
}

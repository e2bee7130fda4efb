// .h5ad (anndata's on-disk format): X, a layer or an entry of obsm by rows, and the columns of obs.
import { badTable, DatasetError, invalidOption, reason } from "../../../errors.js";
import { checkUnpacked } from "../../../files/archive.js";
import { didYouMean } from "../../../names.js";
import { asNumber } from "../../cells.js";
import {
  arrayNames,
  batchRows,
  checkWidth,
  type Opened,
  type ReadOptions,
  type RowRequest,
  type TableColumn,
} from "../../rows.js";
import { readAnnotations, textsOf } from "./annotations.js";
import { child, type Dataset, type Group, type H5 } from "./hdf5.js";
import { openMatrix } from "./matrix.js";

/** Throws `BadTable`, and `InvalidOption` for an unknown matrix. */
export async function openH5ad(
  path: string,
  size: number,
  { layer = "X", limits }: ReadOptions,
): Promise<Opened> {
  const h5 = await import("h5wasm/node");
  // Errors are thrown with HDF5's own texts, and not printed.
  (await h5.ready).activate_throwing_error_handler();
  const file = asTableError(path, () => new h5.File(path, "r"));
  const cure = "write it again without compression";
  const check = (total: number) => checkUnpacked(path, total, "BadTable", { size, limits, cure });
  try {
    return asTableError(path, () => {
      const place = findMatrix(h5, path, file, layer);
      const matrix = openMatrix(h5, path, place.entity, check);
      const { n, d } = matrix;
      checkWidth(path, d);
      const names = place.hasGenes ? geneNames(h5, file, d) : null;
      const columns = names ?? arrayNames(d);
      const positions = new Map(columns.map((name, k) => [name, k]));
      const annotations = new Map(
        Array.from(readAnnotations(h5, file, n), ([name, column]) => [
          positions.has(name) ? `obs.${name}` : name,
          column,
        ]),
      );
      const reader = (name: string) => {
        const k = positions.get(name);
        if (k !== undefined) return (block: Float64Array, i: number): unknown => block[i * d + k];
        // A column of obs is read whole: one value for each row.
        const values = asTableError(path, () => annotations.get(name)?.read()) ?? [];
        return (_: Float64Array, i: number, first: number): unknown => values[first + i];
      };
      async function* batches({ numbers = [], texts = [], signal }: RowRequest) {
        const numberReaders = numbers.map(reader);
        const textReaders = texts.map(reader);
        const needsMatrix = [...numbers, ...texts].some((name) => positions.has(name));
        const rows = batchRows(d);
        for (let first = 0; first < n; first += rows) {
          signal?.throwIfAborted();
          // Reading is synchronous: other tasks get their turn between batches.
          await new Promise(setImmediate);
          const count = Math.min(rows, n - first);
          const block = needsMatrix
            ? asTableError(path, () => matrix.rows(first, count))
            : new Float64Array();
          yield {
            first,
            count,
            numbers: numberReaders.map((read) =>
              Float64Array.from({ length: count }, (_, i) => asNumber(read(block, i, first))),
            ),
            texts: textReaders.map((read) =>
              Array.from({ length: count }, (_, i) => String(read(block, i, first) ?? "")),
            ),
          };
        }
      }
      return {
        columns: [
          ...columns.map((name): TableColumn => ({ name, kind: "number" })),
          ...Array.from(
            annotations,
            ([name, { kind }]): TableColumn => ({ name, kind, beside: true }),
          ),
        ],
        named: names !== null,
        rows: n,
        notes: [],
        close: () => void file.close(),
        batches,
      };
    });
  } catch (error) {
    file.close();
    throw error;
  }
}

function findMatrix(
  h5: H5,
  path: string,
  file: Group,
  layer: string,
): { entity: Dataset | Group; hasGenes: boolean } {
  const places = file.keys().includes("X") ? [{ group: file, prefix: "", name: "X" }] : [];
  for (const prefix of ["layers", "obsm"]) {
    const group = child(file, prefix);
    if (group instanceof h5.Group)
      places.push(...group.keys().map((name) => ({ group, prefix: `${prefix}/`, name })));
  }
  const place = places.find(({ prefix, name }) => layer === name || layer === `${prefix}${name}`);
  const entity = place && child(place.group, place.name);
  if (entity instanceof h5.Dataset || entity instanceof h5.Group)
    return { entity, hasGenes: place?.prefix !== "obsm/" };
  const known = places.map(({ name }) => name);
  throw invalidOption(
    `data.layer=${layer}: ${path} has the matrices ${known.join(", ") || "none (expected a file of anndata)"}${didYouMean(layer, known)}`,
  );
}

function geneNames(h5: H5, file: Group, d: number): string[] | null {
  const variables = child(file, "var");
  if (!(variables instanceof h5.Group)) return null;
  const names = textsOf(h5, child(variables, String(variables.attrs._index?.value ?? "_index")));
  return names?.length === d ? names : null;
}

function asTableError<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw badTable(
      path,
      `cannot be read as .h5ad (${deepestReason(reason(error))}): write it again with adata.write_h5ad`,
    );
  }
}

/** Of HDF5's trace, the text of the innermost function. */
const deepestReason = (trace: string): string =>
  [...trace.matchAll(/ in \w+\(\): (.*)/g)].at(-1)?.[1] ?? trace;

// Tables as .h5ad: numbers are X, carried columns obs.
import { toRows } from "../../units.js";
import type { CarriedCell, CarriedColumn, TableColumns, TableWriter } from "../table-writer.js";
import {
  type AnnotationValues,
  asWriteError,
  encode,
  H5adFile,
  memberName,
  writeColumnOrder,
} from "./h5ad-file.js";

export function openH5adWriter(path: string, { carried, columns }: TableColumns): TableWriter {
  let target: { file: H5adFile; append: (block: Float32Array) => void } | null = null;
  const cells: CarriedCell[][] = carried.map(() => []);
  let rows = 0;
  const open = async () => {
    if (target) return target;
    const file = await H5adFile.open(path, "begin");
    encode(file.root, "anndata", "0.1.0");
    target = { file, append: file.matrix(file.root, "X", { n: null, d: columns.length }) };
    return target;
  };
  return {
    async write({ count, numbers, carried: batch }) {
      const { append } = await open();
      asWriteError(path, () => append(toRows(numbers, "float32")));
      for (const [k, column] of batch.entries()) for (const cell of column) cells[k]?.push(cell);
      rows += count;
    },
    async close() {
      const { file, append } = await open();
      asWriteError(path, () => {
        if (rows === 0) append(new Float32Array());
        const annotations = carried.map(
          (column, k) => [column.name, annotation(column, cells[k] as CarriedCell[])] as const,
        );
        writeFrame(
          file,
          "obs",
          Array.from({ length: rows }, (_, i) => String(i)),
          annotations,
        );
        writeFrame(
          file,
          "var",
          columns.map(({ name }) => name),
          [],
        );
        for (const name of ["layers", "obsm", "obsp", "uns", "varm", "varp"])
          file.group(file.root, name, ["dict", "0.1.0"]);
        file.finish();
      });
    },
    abandon: () => target?.file.close(),
  };
}

function writeFrame(
  file: H5adFile,
  name: string,
  index: readonly string[],
  columns: readonly (readonly [name: string, values: AnnotationValues])[],
): void {
  const frame = file.group(file.root, name, ["dataframe", "0.2.0"]);
  frame.create_attribute("_index", "_index");
  file.write(frame, "_index", index);
  for (const [column, values] of columns) file.write(frame, memberName(column), values);
  writeColumnOrder(
    frame,
    columns.map(([column]) => memberName(column)),
  );
}

/** As pandas: whole numbers with missing cells are float64, texts with missing cells classes. */
function annotation({ kind }: CarriedColumn, cells: readonly CarriedCell[]): AnnotationValues {
  const isWhole = cells.every((cell) => cell !== null);
  if (kind === "integer" && isWhole) return BigInt64Array.from(cells, (cell) => BigInt(cell));
  if (kind !== "text")
    return Float64Array.from(cells, (cell) => (cell === null ? Number.NaN : Number(cell)));
  if (isWhole) return cells.map(String);
  const categories = [...new Set(cells.filter((cell) => cell !== null).map(String))].toSorted();
  const places = new Map(categories.map((name, code) => [name, code]));
  return { categories, codes: cells.map((cell) => places.get(String(cell)) ?? -1) };
}

// Tables as .npy: one matrix of numbers without names.
import { io } from "@dsbm/torch";
import { toRows } from "../number-rows.js";
import type { TableColumns, TableWriter } from "./table-writer.js";

/** Begins a matrix at `path`: float64 if a column is, else float32. Copied columns are dropped. */
export function openArrayWriter(path: string, { columns }: TableColumns): TableWriter {
  const dtype = columns.some((column) => column.dtype === "float64") ? "float64" : "float32";
  const file = new io.npy.NpyWriter(path, dtype, [columns.length]);
  return {
    async write({ count, numbers }) {
      file.append(io.fromTyped(toRows(numbers, dtype), [count, columns.length]));
    },
    async close() {
      file.close({ sync: true });
    },
    abandon: () => file.close(),
  };
}

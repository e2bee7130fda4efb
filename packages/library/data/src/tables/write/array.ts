import { io } from "@dsbm/torch";
import { toRows } from "../units.js";
import type { TableColumns, TableWriter } from "./table-writer.js";

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

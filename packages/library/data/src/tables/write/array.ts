// Numbers alone: a .npy file [n, columns], whose header is written again once n is known.
import { io } from "@dsbm/torch";
import type { TableColumns, TableWriter } from "./table-writer.js";

export function openArrayWriter(path: string, { columns }: TableColumns): TableWriter {
  // That of the most precise column.
  const dtype = columns.some((column) => column.dtype === "float64") ? "float64" : "float32";
  const width = columns.length;
  const file = new io.npy.NpyWriter(path, dtype, [width]);
  return {
    async write({ count, numbers }) {
      const data =
        dtype === "float64" ? new Float64Array(count * width) : new Float32Array(count * width);
      for (const [k, column] of numbers.entries())
        for (let row = 0; row < count; row++) data[row * width + k] = column[row] as number;
      file.append(io.fromTyped(data, [count, width]));
    },
    async close() {
      file.close({ sync: true });
    },
    abandon: () => file.close(),
  };
}

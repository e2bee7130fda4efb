// Numbers alone: a .npy file [n, columns], whose header is written again once n is known.
import { io } from "@dsbm/torch";
import type { TableColumns, TableWriter } from "./table-writer.js";

/** The element type of an array of these columns: that of the most precise. */
const arrayType = (columns: TableColumns["columns"]): "float32" | "float64" =>
  columns.some(({ dtype }) => dtype === "float64") ? "float64" : "float32";

export function openArrayWriter(path: string, { columns }: TableColumns): TableWriter {
  const dtype = arrayType(columns);
  const width = columns.length;
  const file = new io.npy.NpyWriter(path, dtype, [width]);
  return {
    async write({ count, numbers }) {
      const data =
        dtype === "float64" ? new Float64Array(count * width) : new Float32Array(count * width);
      for (const [k, column] of numbers.entries())
        for (let row = 0; row < count; row++) data[row * width + k] = column[row] as number;
      file.append({ dtype, shape: [count, width], data: new Uint8Array(data.buffer) });
    },
    async close() {
      file.close({ sync: true });
    },
    abandon: () => file.close(),
  };
}

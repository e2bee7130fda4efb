// Samples of the rows of a run's own tables, as CSV.
import { openRows } from "@dsbm/data";
import { formatCsv, readDataFile } from "@dsbm/runs";
import type { Bridge } from "dsbm";

/** Rows [n, d] of a table without missing values. */
async function rowsOf(path: string, names: readonly string[]): Promise<number[][]> {
  const table = await openRows(path);
  try {
    const rows: number[][] = [];
    for await (const { count, numbers } of table.batches({ numbers: names }))
      for (let i = 0; i < count; i++) {
        const row = numbers.map((column) => column[i]);
        if (row.every(Number.isFinite)) rows.push(row);
      }
    return rows;
  } finally {
    table.close();
  }
}

/** Transports the rows of the source (f) or of the target (b). Throws an Error for data without a table. */
export async function samplesOf(bridge: Bridge, direction: "f" | "b"): Promise<string> {
  const data = readDataFile(bridge.folder);
  const end = direction === "f" ? data?.source : data?.target;
  if (!data || !end) throw new Error("the samples of this run have no table to start from");
  const names = data.columns.map(({ name }) => name);
  const { x } = await bridge.sample(await rowsOf(end.path, names), { direction });
  const rows = x.map((row) => Object.fromEntries(names.map((name, k) => [name, row[k]])));
  return formatCsv({ columns: names, rows });
}

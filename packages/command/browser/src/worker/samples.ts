// Samples of the rows of a run's own tables, as CSV.
import { cleanRows, openRows } from "@dsbm/data";
import { type DataFile, formatCsv, readDataFile, readRun } from "@dsbm/runs";
import type { Bridge } from "dsbm";

/** Rows [n, d] of an end without missing values. */
async function rowsOf(
  { path, group }: DataFile["source"],
  { names, split_by }: { names: readonly string[]; split_by: string | null },
): Promise<number[][]> {
  const table = await openRows(path);
  try {
    const rows: number[][] = [];
    const own = split_by !== null && group !== null ? { column: split_by, value: group } : null;
    for await (const batch of cleanRows(table, { numbers: names, missing: "drop", group: own }))
      for (let i = 0; i < batch.count; i++) rows.push(batch.numbers.map((column) => column[i]));
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
  const { split_by } = readRun(bridge.folder).config.data as { split_by: string | null };
  const names = data.columns.map(({ name }) => name);
  const { x } = await bridge.sample(await rowsOf(end, { names, split_by }), { direction });
  const rows = x.map((row) => Object.fromEntries(names.map((name, k) => [name, row[k]])));
  return formatCsv({ columns: names, rows });
}

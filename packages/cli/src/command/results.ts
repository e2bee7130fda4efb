// The last lines of a run: its table, and where to look.
import { resolve as absolute } from "node:path";
import { formatTable, type Row } from "@dsbm/runs";
import { newestTable } from "../evaluation/metrics.js";

/** Prints the newest evaluations of a run. */
export function printRun(
  folder: string,
  rows: readonly Row[],
  table: (rows: readonly Row[]) => Row[] = newestTable,
): void {
  const at = absolute(folder);
  console.log(
    `${formatTable(table(rows))}\nresults:  ${at}/results.csv\npictures: ${at}/samples\nreport:   ${at}/report.html`,
  );
}

// The last lines of a run: its table, and where to look.
import { resolve as absolute } from "node:path";
import { formatTable, type Row } from "@dsbm/runs";
import { newestTable } from "../evaluation/metrics.js";

/** Where the pictures and the report of a run are. */
export const placesOf = (folder: string): string =>
  `pictures: ${absolute(folder)}/samples\nreport:   ${absolute(folder)}/report.html`;

/** Prints the newest evaluations of a run. */
export function printRun(
  folder: string,
  rows: readonly Row[],
  table: (rows: readonly Row[]) => Row[] = newestTable,
): void {
  console.log(
    `${formatTable(table(rows))}\nresults:  ${absolute(folder)}/results.csv\n${placesOf(folder)}`,
  );
}

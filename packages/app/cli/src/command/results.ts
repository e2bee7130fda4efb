import { existsSync } from "node:fs";
import { resolve as absolute } from "node:path";
import { formatTable, metricTable, newestRows, type Row, readLogged } from "@dsbm/runs";

/** The paths of a run's images and report. */
export function placesOf(folder: string): string {
  const at = absolute(folder);
  const pictures = existsSync(`${at}/samples`) ? `images:   ${at}/samples\n` : "";
  return `${pictures}report:   ${at}/report.html`;
}

/** Prints the newest evaluations of a run: a row for each metric with its references. */
export function printRun(folder: string, rows: readonly Row[]): void {
  const table = metricTable(readLogged(folder), newestRows(rows));
  console.log(
    `${formatTable(table)}\nresults:  ${absolute(folder)}/results.csv\n${placesOf(folder)}`,
  );
}

import { existsSync } from "node:fs";
import { resolve as absolute } from "node:path";
import { formatTable, newestTable, type Row } from "@dsbm/runs";

/** Where the pictures and the report of a run are. */
export function placesOf(folder: string): string {
  const at = absolute(folder);
  const pictures = existsSync(`${at}/samples`) ? `pictures: ${at}/samples\n` : "";
  return `${pictures}report:   ${at}/report.html`;
}

/** Prints the newest evaluations of a run. */
export function printRun(folder: string, rows: readonly Row[]): void {
  console.log(
    `${formatTable(newestTable(folder, rows))}\nresults:  ${absolute(folder)}/results.csv\n${placesOf(folder)}`,
  );
}

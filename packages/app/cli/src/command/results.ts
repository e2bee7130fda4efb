import { existsSync } from "node:fs";
import { resolve as absolute } from "node:path";
import { formatTable, newestTable, type Row } from "@dsbm/runs";

/** The paths of a run's images and report. */
export function placesOf(folder: string): string {
  const at = absolute(folder);
  const pictures = existsSync(`${at}/samples`) ? `pictures: ${at}/samples\n` : "";
  return `${pictures}report:   ${at}/report.html`;
}

export function printRun(folder: string, rows: readonly Row[]): void {
  console.log(
    `${formatTable(newestTable(folder, rows))}\nresults:  ${absolute(folder)}/results.csv\n${placesOf(folder)}`,
  );
}

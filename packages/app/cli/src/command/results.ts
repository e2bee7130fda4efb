import { existsSync } from "node:fs";
import { resolve as absolute } from "node:path";
import { formatTable, newestRows, type Row, readLogged } from "@dsbm/runs";

/** The paths of a run's images and report. */
export function placesOf(folder: string): string {
  const at = absolute(folder);
  const pictures = existsSync(`${at}/samples`) ? `pictures: ${at}/samples\n` : "";
  return `${pictures}report:   ${at}/report.html`;
}

/** Prints the newest evaluations of a run: a row for each metric with its references. */
export function printRun(folder: string, rows: readonly Row[]): void {
  const metrics = readLogged(folder).filter(({ isMain }) => isMain);
  const table = newestRows(rows).flatMap((row) =>
    metrics.flatMap(({ title, columns: { value, target = "", floor = "", ceiling = "" } }) =>
      typeof row[value] === "number"
        ? [
            {
              metric: title,
              direction: row.direction,
              half_iteration: row.half_iteration,
              steps: row.steps,
              value: row[value],
              target: row[target],
              floor: row[floor],
              ceiling: row[ceiling],
            },
          ]
        : [],
    ),
  );
  console.log(
    `${formatTable(table)}\nresults:  ${absolute(folder)}/results.csv\n${placesOf(folder)}`,
  );
}

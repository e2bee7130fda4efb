import { columnsFile, type LoggedMetric, loggedMetrics, parseCsv, referenceOf } from "@dsbm/runs";
import type { Folder } from "../files/inside.js";
import type { Results } from "../shared/api.js";
import { readAs } from "./files.js";

/** The results of a run without evaluations. */
export const noResults: Results = { rows: [], references: [] };

/**
 * The evaluations of results.csv, and their metrics.
 * @throws {RunError}
 */
export function readResults(folder: Folder, path: string): Results {
  const text = folder.text(path);
  // A last record without its line end is being written.
  const { columns, rows } = parseCsv(text.slice(0, text.lastIndexOf("\n") + 1), path);
  const references = columnsOf(folder, path)
    .filter((metric) => columns.includes(metric.columns.value))
    .map((metric) => {
      const candidate = referenceOf(metric);
      const reference = candidate && columns.includes(candidate.column) ? candidate : null;
      return {
        column: metric.columns.value,
        title: metric.title,
        group: metric.group,
        reference: reference?.column ?? null,
        referenceName: reference?.name ?? null,
        isMain: metric.isMain,
        isHeadline: metric.isHeadline === true,
        log: metric.scale === "log",
      };
    });
  return { rows, references };
}

/** columns.json next to results.csv; [] without it, as in runs of earlier versions. */
function columnsOf(folder: Folder, path: string): LoggedMetric[] {
  const columnsPath = path.replace(/results\.csv$/, columnsFile);
  return folder.peek(columnsPath) ? readAs(folder, columnsPath, loggedMetrics) : [];
}

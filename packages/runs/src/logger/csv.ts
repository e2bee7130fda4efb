// Rows into one CSV file. Its header is fixed by the file that is there, by `columns`, or by the
// first row; values of later rows may be missing but not new.
import { existsSync, statSync } from "node:fs";
import { type CsvWriter, openCsv, readCsv } from "../csv.js";
import type { Logger } from "../logger.js";

/** A logger that appends to a CSV file. Throws RunError "columns" for a value without a column. */
export function csvLogger(path: string, { columns }: { columns?: readonly string[] } = {}): Logger {
  const there = existsSync(path) && statSync(path).size > 0 ? readCsv(path).columns : [];
  const header = columns ?? (there.length > 0 ? there : undefined);
  let csv: CsvWriter | undefined = header && openCsv(path, header);
  return {
    log(row) {
      csv ??= openCsv(path, Object.keys(row));
      const empty = Object.fromEntries(csv.columns.map((column) => [column, null]));
      csv.append({ ...empty, ...row });
    },
    close: () => csv?.close(),
  };
}

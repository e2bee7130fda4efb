// Values into metrics.csv, one row a step and a column a name. Names turn up as training goes on: the file is then
// written anew with a column more, whole, and grows on from there.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { RunError } from "../errors.js";
import { type CsvWriter, formatCsv, openCsv, readCsv, type Table } from "../files/csv.js";
import { writeFileAtomic } from "../files/write.js";
import { checkStep, checkValues } from "./check.js";
import type { Logger, LoggerOptions } from "./logger.js";

/** A logger that appends to metrics.csv in a folder. Throws RunError "columns" for a file that is not one. */
export function csvLogger(folder: string, { from }: LoggerOptions = {}): Logger {
  if (from !== undefined) checkStep(from, "from");
  const path = join(folder, "metrics.csv");
  let csv: CsvWriter = openCsv(path, columnsOf(path, from));
  let closed = false;

  const grow = (names: readonly string[]): void => {
    csv.close();
    const { columns, rows } = readCsv(path);
    const missing = Object.fromEntries(names.map((name) => [name, null]));
    const wider: Table = {
      columns: [...columns, ...names],
      rows: rows.map((row) => ({ ...row, ...missing })),
    };
    writeFileAtomic(path, formatCsv(wider));
    csv = openCsv(path, wider.columns);
  };

  return {
    log(step, values) {
      checkValues(step, values);
      const fresh = Object.keys(values).filter((name) => !csv.columns.includes(name));
      if (closed)
        throw new RunError("closed", `cannot write ${path}: it was closed before, open it again`);
      if (fresh.length > 0) grow(fresh);
      const empty = Object.fromEntries(csv.columns.map((column) => [column, null]));
      csv.append({ ...empty, ...values, step });
    },
    images() {},
    texts() {},
    flush: () => csv.flush(),
    close() {
      closed = true;
      csv.close();
    },
  };
}

/** The columns of what is there, after the rows from a step on were removed. */
function columnsOf(path: string, from: number | undefined): readonly string[] {
  if (!existsSync(path) || statSync(path).size === 0) return ["step"];
  const { columns, rows } = readCsv(path);
  if (columns.length === 0) return ["step"];
  if (columns[0] !== "step")
    throw new RunError(
      "columns",
      `${path} begins with the column "${columns[0]}", expected "step": it is not a log; move the file away`,
    );
  if (from === undefined) return columns;
  const kept = rows.filter(({ step }) => typeof step === "number" && step < from);
  if (kept.length < rows.length) writeFileAtomic(path, formatCsv({ columns, rows: kept }));
  return columns;
}

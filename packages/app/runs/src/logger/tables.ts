// Loggers of numbers alone: metrics.csv, log.jsonl, and none.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { RunError } from "../errors.js";
import { openLineWriter } from "../files/append.js";
import { formatCsv, openCsv, readCsv } from "../files/csv.js";
import { readJsonLines, toJson, writeJsonLines } from "../files/json.js";
import { writeFileAtomic } from "../files/write.js";
import { GrowingHash, recorded } from "../run/hashes.js";
import { checkStep, checkValues } from "./check.js";
import type { Logger, LoggerOptions } from "./logger.js";

/** A logger that keeps nothing, so that callers need no condition. */
export function noneLogger(): Logger {
  return { log() {}, images() {}, texts() {}, flush() {}, close() {} };
}

/** A logger that appends to log.jsonl in a folder: one object a line with the step and the values that it has. */
export function jsonlLogger(folder: string, { from }: LoggerOptions = {}): Logger {
  const path = join(folder, "log.jsonl");
  const hash = new GrowingHash(folder, "log.jsonl");
  if (from !== undefined) {
    checkStep(from, "from");
    const rows = existsSync(path) ? readJsonLines(path) : [];
    const kept = rows.filter(isBefore(from));
    hash.restart();
    if (kept.length < rows.length) writeJsonLines(path, kept);
  }
  const lines = openLineWriter(path);
  return {
    ...noneLogger(),
    log(step, values) {
      checkValues(step, values);
      lines.append(toJson({ step, ...values }));
    },
    ...recorded(lines, hash),
  };
}

/**
 * A logger that appends to metrics.csv in a folder: one row a step and one column a name. For a new name the file is
 * replaced by one with that column. Throws RunError "columns" for a file that is not a log.
 */
export function csvLogger(folder: string, { from }: LoggerOptions = {}): Logger {
  if (from !== undefined) checkStep(from, "from");
  const path = join(folder, "metrics.csv");
  const hash = new GrowingHash(folder, "metrics.csv");
  hash.restart();
  let csv = openCsv(path, columnsOf(path, from));
  let closed = false;
  const addColumns = (names: readonly string[]): void => {
    csv.close();
    const { columns, rows } = readCsv(path);
    const missing = Object.fromEntries(names.map((name) => [name, null]));
    const wider = [...columns, ...names];
    const filled = rows.map((row) => ({ ...row, ...missing }));
    hash.restart();
    writeFileAtomic(path, formatCsv({ columns: wider, rows: filled }));
    csv = openCsv(path, wider);
  };
  return {
    ...noneLogger(),
    log(step, values) {
      checkValues(step, values);
      const fresh = Object.keys(values).filter((name) => !csv.columns.includes(name));
      if (closed)
        throw new RunError("closed", `cannot write ${path}: it was closed before, open it again`);
      if (fresh.length > 0) addColumns(fresh);
      const empty = Object.fromEntries(csv.columns.map((column) => [column, null]));
      csv.append({ ...empty, ...values, step });
    },
    flush() {
      csv.flush();
      hash.record();
    },
    close() {
      closed = true;
      csv.close();
      hash.record();
    },
  };
}

/** The columns of the file, after the rows from a step on were removed. */
function columnsOf(path: string, from: number | undefined): readonly string[] {
  if (!existsSync(path) || statSync(path).size === 0) return ["step"];
  const { columns, rows } = readCsv(path);
  if (columns.length === 0) return ["step"];
  if (columns[0] !== "step")
    throw new RunError(
      "columns",
      `${path} begins with the column "${columns[0]}", expected "step": it is not a log; move the file away`,
    );
  const kept = from === undefined ? rows : rows.filter(isBefore(from));
  if (kept.length < rows.length) writeFileAtomic(path, formatCsv({ columns, rows: kept }));
  return columns;
}

const isBefore =
  (from: number) =>
  ({ step }: Readonly<Record<string, unknown>>): boolean =>
    typeof step === "number" && step < from;

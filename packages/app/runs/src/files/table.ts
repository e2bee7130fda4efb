// CSV as in RFC 4180, with line feeds.
import { existsSync } from "node:fs";
import { alignColumns, openAppendFile, writeFileAtomic } from "@dsbm/files";
import { CsvError, parse } from "csv-parse/sync";
import { RunError } from "../errors.js";
import { readText } from "./json.js";

/** Null is an empty field, "" is a quoted empty field. */
export type Cell = string | number | null;

/** A row of a CSV file by columns. */
export type Row = Record<string, Cell>;

/** The columns and rows of a CSV file. */
export interface CsvTable {
  /** Names in the order of the file. */
  columns: string[];
  /** Rows in the order of the file. */
  rows: Row[];
}

/** Names of metrics, their groups and their columns in earlier versions, with the names of today. */
export const earlierNames: Readonly<Record<string, string>> = {
  agreement: "cycle_error",
  effective_share: "ess_ratio",
  ends: "endpoints",
  stray_values: "out_of_range",
  variance_kept: "variance_ratio",
  variance_kept_least: "variance_ratio_least",
};

const bareNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^-?Infinity$|^NaN$/;

const formatRecord = (cells: readonly Cell[]): string => `${cells.map(formatCell).join(",")}\n`;

const wholeLines = (text: string): string => text.slice(0, text.lastIndexOf("\n") + 1);

const cellsOf = (row: Row, columns: readonly string[]): Cell[] =>
  columns.map((column) => row[column] ?? null);

/** Lines that are joined at a time: the lines of all rows would take several times the memory of the text. */
const joinedLines = 4096;

/** A table as text. Rows may be made one after the other. */
export function formatCsv({
  columns,
  rows,
}: Pick<CsvTable, "columns"> & { rows: Iterable<Row> }): string {
  const parts: string[] = [];
  let lines = [formatRecord(columns)];
  for (const row of rows) {
    if (lines.length === joinedLines) {
      parts.push(lines.join(""));
      lines = [];
    }
    lines.push(formatRecord(cellsOf(row, columns)));
  }
  return [...parts, ...lines].join("");
}

/**
 * Parses CSV text with a header; accepts CRLF, LF and a missing last line end.
 * @throws {RunError} "corrupt" for a record with another number of fields or an open quote.
 */
export function parseCsv(text: string, source = "this CSV text"): CsvTable {
  const [header = [], ...records] = parseRecords(text, source);
  const columns = header.map(String);
  const rows = records.map((cells, index) => {
    if (cells.length !== columns.length)
      throw new RunError(
        "corrupt",
        `row ${index + 1} of ${source} has ${cells.length} fields, expected ${columns.length}: repair or delete it`,
      );
    return Object.fromEntries(columns.map((column, i) => [column, cells[i]]));
  });
  return { columns, rows };
}

/**
 * Reads a CSV file without a last record that a crash cut off.
 * @throws {RunError}
 */
export function readCsv(path: string): CsvTable {
  const text = readText(path);
  return parseCsv(wholeLines(text), path);
}

/** A CSV file of `columns` that takes rows: `append`, then `flush`, at last `close`. */
export type CsvWriter = ReturnType<typeof openCsv>;

/**
 * Opens a CSV file for appending. Existing rows stay, a cut last row is removed, and columns get their names of today.
 * @throws {RunError} "columns" if the file has other columns.
 */
export function openCsv(path: string, columns: readonly string[]) {
  const text = existsSync(path) ? readText(path) : "";
  const whole = wholeLines(text);
  const [header = columns] = parseRecords(whole, path);
  const line = formatRecord(columns);
  if (formatRecord(header.map((name) => earlierNames[String(name)] ?? name)) !== line)
    throw new RunError(
      "columns",
      `${path} has the columns ${header.join()}, expected ${columns.join()}: move the file away, or run with the version that wrote it`,
    );
  const today = line + whole.slice(whole.indexOf("\n") + 1);
  if (today !== text) writeFileAtomic(path, today);
  const file = openAppendFile(path);
  return {
    columns,
    append: (row: Row): void => file.append(formatRecord(cellsOf(row, columns))),
    flush: () => file.flush(),
    close: () => file.close(),
  };
}

function formatCell(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return Object.is(cell, -0) ? "-0" : String(cell);
  const isQuoted = cell === "" || bareNumber.test(cell) || /[",\r\n]|^\s|\s$/.test(cell);
  return isQuoted ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function parseRecords(text: string, source: string): Cell[][] {
  try {
    return parse(text, {
      bom: true,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      skip_empty_lines: true,
      cast: (value, { quoting, records }) => (quoting || records === 0 ? value : bareCell(value)),
    }) as Cell[][];
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const fault = `${source} is not valid CSV (${cause.message}): repair or delete the row`;
    throw new RunError("corrupt", fault, { cause });
  }
}

function bareCell(text: string): Cell {
  if (text === "") return null;
  return bareNumber.test(text) ? Number(text) : text;
}

const digits = 4;

/**
 * Rows as aligned text: numbers to the right, text to the left, "–" for null. No line end after the
 * last row.
 */
export function formatTable(rows: readonly Readonly<Record<string, Cell | undefined>>[]): string {
  const names = Object.keys(rows[0] ?? {});
  const columns = names.map((name) => rows.map((row) => row[name] ?? null));
  const right = [...columns.keys()].filter((k) =>
    columns[k].every((cell) => typeof cell !== "string"),
  );
  const texts = columns.map((cells, k) => [names[k], ...formatCells(cells)]);
  const rules = texts.map((column) =>
    "─".repeat(Math.max(...column.map((text) => [...text].length))),
  );
  const [heading, ...lines] = alignColumns(
    Array.from({ length: rows.length + 1 }, (_, i) => texts.map((column) => column[i])),
    { right },
  );
  return [heading, rules.join("  "), ...lines].join("\n");
}

/** A number with 4 digits after the point; very small and very large numbers in powers of ten. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 0.5 * 10 ** -digits)) return value.toExponential(2);
  return value.toFixed(digits);
}

function formatCells(cells: readonly Cell[]): string[] {
  const whole = cells.every((cell) => typeof cell !== "number" || Number.isSafeInteger(cell));
  return cells.map((cell) => {
    if (cell === null) return "–";
    if (typeof cell === "string") return cell.replace(/\s+/g, " ");
    return whole ? String(cell) : formatNumber(cell);
  });
}

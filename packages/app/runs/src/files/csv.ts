// Tables on disk as RFC 4180 says (comma, quotes doubled), with line feeds. Numbers are written without quotes, and
// strings that look like numbers with quotes, so that both are read back as what they were.
import { existsSync } from "node:fs";
import { CsvError, parse } from "csv-parse/sync";
import { RunError } from "../errors.js";
import { openLineWriter } from "./append.js";
import { readText } from "./read.js";

/** One field: null is an empty field, "" is a quoted empty one. */
export type Cell = string | number | null;
export type Row = Record<string, Cell>;

export interface Table {
  columns: string[];
  rows: Row[];
}

const bareNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^-?Infinity$|^NaN$/;

/** One record without its line end. */
export function formatCsvRecord(cells: readonly Cell[]): string {
  return cells.map(formatCell).join(",");
}

/** Columns and rows as CSV text. Throws RunError "columns" for a row that does not fit. */
export function formatCsv({ columns, rows }: Table): string {
  const records = [columns, ...rows.map((row) => cellsOf(row, columns))];
  return records.map((record) => `${formatCsvRecord(record)}\n`).join("");
}

/**
 * Reads CSV text whose first record is the header; accepts CRLF, LF and a missing last line end.
 * Throws RunError "corrupt" for a record with another number of fields or an open quote.
 */
export function parseCsv(text: string, source = "this CSV text"): Table {
  const [header = [], ...records] = parseRecords(text, source);
  const columns = header.map(String);
  const blank = (cells: Cell[]) => columns.length > 1 && cells.length === 1 && cells[0] === null;
  const filled = records.filter((cells) => !blank(cells));
  const rows = filled.map((cells, index) => {
    if (cells.length !== columns.length) {
      throw new RunError(
        "corrupt",
        `row ${index + 1} of ${source} has ${cells.length} fields, expected ${columns.length}: repair or delete it`,
      );
    }
    return Object.fromEntries(columns.map((column, i) => [column, cells[i] as Cell]));
  });
  return { columns, rows };
}

/** Reads a CSV file; a last record that a crash cut off is left out. Throws RunError. */
export function readCsv(path: string): Table {
  const text = readText(path);
  return parseCsv(text.slice(0, wholeRecords(text)), path);
}

/** A CSV file that grows row by row. */
export type CsvWriter = ReturnType<typeof openCsv>;

/**
 * Opens a CSV file for appending; the header is fixed now, rows that are there stay and a cut last
 * row is removed. Throws RunError "columns" when the file has other columns.
 */
export function openCsv(path: string, columns: readonly string[]) {
  if (columns.length === 0 || new Set(columns).size < columns.length)
    throw new RunError(
      "columns",
      `${path} was given the columns [${columns.join()}], expected at least one and no name twice`,
    );
  const text = existsSync(path) ? readText(path) : "";
  const keep = wholeRecords(text);
  const header = parseRecords(text.slice(0, keep), path)[0];
  if (header && formatCsvRecord(header) !== formatCsvRecord(columns)) {
    throw new RunError(
      "columns",
      `${path} has the columns ${header.join()}, expected ${columns.join()}: move the file away, or run with the version that wrote it`,
    );
  }
  const kept = Buffer.byteLength(text.slice(0, keep), "utf8");
  const lines = openLineWriter(path, { keep: kept });
  if (!header) lines.append(formatCsvRecord(columns));
  return {
    columns,
    /** Appends a row; every column must be given (null for none). Throws RunError "columns". */
    append: (row: Row): void => lines.append(formatCsvRecord(cellsOf(row, columns, path))),
    flush: lines.flush,
    close: lines.close,
  };
}

function formatCell(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return Object.is(cell, -0) ? "-0" : String(cell);
  const quoted = cell === "" || bareNumber.test(cell) || /[",\r\n]|^\s|\s$/.test(cell);
  return quoted ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function cellsOf(row: Row, columns: readonly string[], source = "this table"): Cell[] {
  const unknown = Object.keys(row).find((key) => !columns.includes(key));
  const missing = columns.find((c) => !Object.hasOwn(row, c) || row[c] === undefined);
  if (unknown === undefined && missing === undefined) return columns.map((c) => row[c] as Cell);
  const fault = unknown === undefined ? `no "${missing}"` : `an unknown column "${unknown}"`;
  throw new RunError(
    "columns",
    `a row for ${source} has ${fault}, expected exactly ${columns.join()}: give null for no value`,
  );
}

/** The number of characters up to the end of the last record that has its line end. */
function wholeRecords(text: string): number {
  let open = false;
  let end = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') open = !open;
    else if (c === "\n" && !open) end = i + 1;
  }
  return end;
}

/** Splits text into records of cells; the first one is the header, whose cells stay texts. */
function parseRecords(text: string, source: string): Cell[][] {
  try {
    return parse(text, {
      bom: true,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      cast: (value, { quoting, records }) => (quoting || records === 0 ? value : bareCell(value)),
    }) as Cell[][];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new RunError(
      "corrupt",
      `${source} is not valid CSV (${error.message}): repair or delete the row`,
      { cause: error },
    );
  }
}

function bareCell(text: string): Cell {
  if (text === "") return null;
  return bareNumber.test(text) ? Number(text) : text;
}

// .csv and .tsv files, also gzipped.
import { badTable, byOption, type DatasetError, firstOf } from "../../../errors.js";
import type { UnpackLimits } from "../../../files/archive.js";
import { type CellOptions, type CellReader, cellReader, hasComma, hintCures } from "../../cells.js";
import {
  arrayNames,
  batchRows,
  type Opened,
  type ReadOptions,
  type RowBatch,
  type RowRequest,
  type TableColumn,
} from "../../row-source.js";
import { type PlainTable, scanBatches } from "./plain-rows.js";
import {
  type Delimiter,
  delimiterName,
  openRecords,
  type RecordFile,
  readRecords,
} from "./records.js";

const sampleRows = 1000;

/** A text file, whose cells can be read. */
interface TextTable extends PlainTable {
  cells: CellReader;
}

/**
 * Opens a file of text; `usual` is the delimiter of its format, which needs no note.
 * @throws {DatasetError} `BadTable`, `BadGzip`, `Unreadable`.
 */
export async function openText(
  { path, size, usual }: { path: string; size: number; usual: Delimiter },
  options: ReadOptions,
): Promise<Opened> {
  const { header = true } = options;
  const limits: UnpackLimits | undefined = options.limits;
  const file = await openRecords({ path, size, limits }, usual);
  const sample = await firstRecords(file);
  const [first] = sample;
  if (!first) throw badTable(path, "is empty: expected a line with the columns' names, then rows");
  const cells = cellReader(options);
  const hasHeader = header === "auto" ? !areNumbers(first) : header;
  const names = hasHeader ? headerNames(path, first) : arrayNames(first.length);
  const rows = hasHeader ? sample.slice(1) : sample;
  return {
    columns: names.map((name, i) =>
      describeColumn(
        name,
        rows.map((row) => row[i] ?? ""),
        cells,
      ),
    ),
    named: hasHeader,
    rows: null,
    ...estimateOf(file, rows),
    notes: notesOf(file, usual, options),
    close() {},
    batches: (request) =>
      readBatches({ file, names, hasHeader, cells, notation: options }, request),
  };
}

async function firstRecords(file: RecordFile): Promise<string[][]> {
  for await (const block of readRecords(file, sampleRows + 1)) return block;
  return [];
}

/** The number of rows of an unpacked file, from the lengths of its first rows. */
function estimateOf(
  { path, size }: RecordFile,
  rows: readonly (readonly string[])[],
): Pick<Opened, "estimatedRows"> {
  if (rows.length === 0 || /\.gz$/i.test(path)) return {};
  const bytes = rows.reduce((sum, row) => sum + row.reduce((n, cell) => n + cell.length + 1, 0), 0);
  return { estimatedRows: Math.round((size * rows.length) / bytes) };
}

function notesOf(
  { path, delimiter }: RecordFile,
  usual: Delimiter,
  { decimal, thousands }: CellOptions,
): string[] {
  const notes: string[] = [];
  if (delimiter !== usual)
    notes.push(`${path}: fields are separated by ${delimiterName(delimiter)}`);
  if (decimal === ",") notes.push(`${path}: numbers have decimal commas (data.decimal=,)`);
  if (thousands) notes.push(`${path}: thousands are separated (data.thousands=${thousands})`);
  return notes;
}

/** Scans plain lines, and parses the records from the first other line on. */
async function* readBatches(table: TextTable, request: RowRequest): AsyncGenerator<RowBatch> {
  const scanned = yield* scanBatches(table, request);
  if (!scanned.isWhole) yield* parseBatches(table, request, scanned.count);
}

/** The batches of the records behind the first `done` rows. */
async function* parseBatches(
  { file, names, hasHeader, cells }: TextTable,
  { numbers = [], texts = [], signal }: RowRequest,
  done: number,
): AsyncGenerator<RowBatch> {
  const { path } = file;
  const places = new Map(names.map((name, i) => [name, i]));
  const placeOf = (name: string) => places.get(name) as number;
  let first = done;
  let passing = done + (hasHeader ? 1 : 0);
  for await (const block of readRecords(file, batchRows(names.length))) {
    signal?.throwIfAborted();
    const records = block.slice(passing);
    passing -= block.length - records.length;
    const count = records.length;
    if (count === 0) continue;
    checkLengths(path, records, { first, width: names.length });
    yield {
      first,
      count,
      numbers: numbers.map((name) =>
        numberColumn(path, records, { name, at: placeOf(name), first, cells }),
      ),
      texts: texts.map((name) => {
        const at = placeOf(name);
        return records.map((record) => record[at]);
      }),
    };
    first += count;
  }
}

function checkLengths(
  path: string,
  records: readonly (readonly string[])[],
  { first, width }: { first: number; width: number },
): void {
  const i = records.findIndex(({ length }) => length !== width);
  if (i < 0) return;
  throw badTable(
    path,
    `row ${first + i + 1} has ${records[i].length} fields, expected ${width} as the first line has: repair the row`,
  );
}

/** The numbers of a column's cells; NaN for missing ones. */
function numberColumn(
  path: string,
  records: readonly (readonly string[])[],
  { name, at, first, cells }: { name: string; at: number; first: number; cells: CellReader },
): Float64Array {
  const column = new Float64Array(records.length);
  for (let i = 0; i < column.length; i++) {
    const cell = records[i][at];
    const value = cells.numberOf(cell);
    if (value === undefined) throw noNumber(path, { name, row: first + i, cell }, cells);
    column[i] = value;
  }
  return column;
}

const areNumbers = (cells: readonly string[]): boolean =>
  cells.every((cell) => Number.isFinite(Number(cell.trim() || "-")) || hasComma(cell));

function headerNames(path: string, cells: readonly string[]): string[] {
  const names = cells.map((cell) => cell.trim());
  if (areNumbers(names))
    throw badTable(
      path,
      `its first line holds numbers (${firstOf(names, 3)}): expected the columns' names`,
      ["add them", byOption("data.header", [false])],
    );
  const named = names.filter((name) => name !== "").length;
  if (2 * named < names.length)
    throw badTable(
      path,
      `its first line names ${named} of ${names.length} columns (${firstOf(names.filter(Boolean), 3)}): expected the columns' names; remove the lines above them`,
    );
  // The column of row numbers often has no name.
  return names.map((name, i) => (name === "" ? `c${i}` : name));
}

function describeColumn(
  name: string,
  texts: readonly string[],
  { numberOf, hintOf }: CellReader,
): TableColumn {
  const isText = (cell: string) => numberOf(cell) === undefined;
  const isHinted = (cell: string) => isText(cell) && hintOf(cell) !== undefined;
  // A text that is no number in any notation is a better example, unless most cells have the other notation.
  const areHinted = 2 * texts.filter(isHinted).length > texts.length;
  const better = texts.findIndex((cell) => isText(cell) && isHinted(cell) === areHinted);
  const row = better >= 0 ? better : texts.findIndex(isText);
  if (row < 0) return { name, kind: "number" };
  const hint = hintOf(texts[row]);
  const numbers = texts.filter((cell) => Number.isFinite(numberOf(cell))).length;
  const isAmongNumbers = 2 * numbers > texts.length;
  const example = { row, text: texts[row], isAmongNumbers, ...(hint && { hint }) };
  return { name, kind: "text", example };
}

function noNumber(
  path: string,
  { name, row, cell }: { name: string; row: number; cell: string },
  { hintOf }: CellReader,
): DatasetError {
  const hint = hintOf(cell);
  const cures = hint
    ? hintCures[hint].cures
    : [
        "repair it",
        byOption("data.na", [cell], "if it marks a missing value"),
        byOption("data.exclude", [name]),
      ];
  const has = hint ? `; the column has ${hintCures[hint].has}` : "";
  const text = JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}…` : cell);
  const fault = `column ${name} has ${text} in row ${row + 1}: expected a number${has}`;
  return badTable(path, fault, cures);
}

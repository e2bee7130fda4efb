import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { pipeline, promises } from "node:stream";
import { createGunzip } from "node:zlib";
import { CsvError, type Options, parse } from "csv-parse";
import { badTable, DatasetError, firstOf, reason, setting } from "../../errors.js";
import { checkUnpacked, type UnpackLimits } from "../../files/archive.js";
import {
  arrayNames,
  batchRows,
  checkWidth,
  hasComma,
  numberOf,
  type Opened,
  type ReadOptions,
  type RowRequest,
  type TableColumn,
} from "../rows.js";

const delimiters = { ",": "commas", ";": "semicolons", "\t": "tabs" } as const;
type Delimiter = keyof typeof delimiters;

const sampleSize = 1000;
const mostCells = 2 ** 20;
/** A file without line ends is not a table. */
const longest = 2 ** 23;

interface TextFile {
  path: string;
  size: number;
  /** The delimiter of the format, which needs no note. */
  usual: Delimiter;
}

interface TextSource {
  path: string;
  bytes: () => AsyncGenerator<Buffer>;
  parsing: Options;
}

/** Throws `BadTable`, `BadGzip`, `Unreadable`. */
export async function openText(
  { path, size, usual }: TextFile,
  { decimal = ".", header = true, limits }: ReadOptions,
): Promise<Opened> {
  const bytes = () => readParts(path, { size, limits });
  const { delimiter, fields } = findDelimiter(await readStart(path, bytes), usual);
  checkWidth(path, fields);
  const parsing = { delimiter, skip_empty_lines: true, relax_column_count: true, bom: true };
  const source: TextSource = { path, bytes, parsing };
  let sample: string[][] = [];
  for await (const block of readRecords(source, sampleSize + 1)) {
    sample = block;
    break;
  }
  const [first] = sample;
  if (!first) throw badTable(path, "is empty: expected a line with the columns' names, then rows");
  const hasHeader = header === "auto" ? !areNumbers(first) : header;
  const names = hasHeader ? headerNames(path, first) : arrayNames(first.length);
  const rows = hasHeader ? sample.slice(1) : sample;
  const notes: string[] = [];
  if (delimiter !== usual) notes.push(`${path}: fields are separated by ${delimiters[delimiter]}`);
  if (decimal === ",") notes.push(`${path}: numbers have decimal commas (data.decimal=,)`);
  return {
    columns: names.map((name, i) => {
      const cells = rows.map((row) => row[i] ?? "");
      return describeColumn(name, cells, decimal);
    }),
    named: hasHeader,
    rows: null,
    notes,
    close() {},
    async *batches({ numbers = [], texts = [], signal }: RowRequest) {
      const places = new Map(names.map((name, i) => [name, i]));
      const placeOf = (name: string) => places.get(name) as number;
      const numberAt = numbers.map(placeOf);
      const textAt = texts.map(placeOf);
      let first = hasHeader ? -1 : 0;
      for await (const block of readRecords(source, batchRows(names.length))) {
        signal?.throwIfAborted();
        const records = first < 0 ? block.slice(1) : block;
        first = Math.max(first, 0);
        const count = records.length;
        if (count === 0) continue;
        for (const [i, { length }] of records.entries())
          if (length !== names.length)
            throw badTable(
              path,
              `row ${first + i + 1} has ${length} fields, expected ${names.length} as the first line has: repair the row`,
            );
        yield {
          first,
          count,
          numbers: numberAt.map((at, k) => {
            const column = new Float64Array(count);
            for (let i = 0; i < count; i++) {
              const cell = records[i]?.[at];
              const value = numberOf(cell, decimal);
              if (value === undefined)
                throw noNumber(path, { name: numbers[k], row: first + i, cell });
              column[i] = value;
            }
            return column;
          }),
          texts: textAt.map((at) => records.map((cells) => cells[at])),
        };
        first += count;
      }
    },
  };
}

const endless = (path: string) =>
  badTable(
    path,
    `has a line of more than ${longest} bytes: expected a table of text, a row a line`,
  );

/** Throws `BadTable` if the file is not text. */
async function readStart(path: string, bytes: TextSource["bytes"]): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of bytes()) {
    parts.push(part);
    length += part.length;
    if (length > longest) throw endless(path);
    if (length >= 2 ** 12 && part.includes(0x0a)) break;
  }
  const start = Buffer.concat(parts);
  // A part may end within a letter.
  if (!isUtf8(start.subarray(0, start.lastIndexOf("\n") + 1)))
    throw badTable(path, "its text is not UTF-8: save it as “CSV UTF-8”");
  if (start.includes(0))
    throw badTable(path, "holds zero bytes: expected text; give the file the ending of its format");
  return start.toString("utf8");
}

function findDelimiter(text: string, usual: Delimiter): { delimiter: Delimiter; fields: number } {
  const [line = ""] = text
    .replace(/^\s*[\r\n]+/, "")
    .replaceAll(/"[^"]*"?/g, "")
    .split(/[\r\n]/);
  const count = (delimiter: string) => line.split(delimiter).length;
  const others = Object.keys(delimiters) as Delimiter[];
  const delimiter = others.reduce((best, one) => (count(one) > count(best) ? one : best), usual);
  return { delimiter, fields: count(delimiter) };
}

const areNumbers = (cells: readonly string[]): boolean =>
  cells.every((cell) => Number.isFinite(Number(cell.trim() || "-")) || hasComma(cell));

function headerNames(path: string, cells: readonly string[]): string[] {
  const names = cells.map((cell) => cell.trim());
  if (areNumbers(names))
    throw badTable(
      path,
      `its first line holds numbers (${firstOf(names, 3)}): expected the columns' names; add them, or write data.header=false`,
    );
  // The column of row numbers often has no name.
  return names.map((name, i) => (name === "" ? `c${i}` : name));
}

function describeColumn(name: string, cells: readonly string[], decimal: "." | ","): TableColumn {
  const isText = (cell: string) => numberOf(cell, decimal) === undefined;
  // A text that is no number even with a decimal comma is a better example.
  const text = cells.findIndex((cell) => isText(cell) && (decimal === "," || !hasComma(cell)));
  const row = text >= 0 ? text : cells.findIndex(isText);
  if (row < 0) return { name, kind: "number" };
  return { name, kind: "text", example: { row, text: cells[row], commas: text < 0 } };
}

function noNumber(
  path: string,
  { name, row, cell }: { name: string; row: number; cell: string },
): DatasetError {
  const cure = hasComma(cell)
    ? "write data.decimal=, for decimal commas"
    : `repair it, or write ${setting("data.exclude", [name])}`;
  const text = JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}…` : cell);
  return badTable(path, `column ${name} has ${text} in row ${row + 1}: expected a number; ${cure}`);
}

async function* readRecords(
  { path, bytes, parsing }: TextSource,
  rows: number,
): AsyncGenerator<string[][]> {
  const parser = parse({ ...parsing, max_record_size: longest });
  const feeding = promises.pipeline(bytes(), parser).catch(() => {});
  let block: string[][] = [];
  let cells = 0;
  try {
    for await (const record of parser as AsyncIterable<string[]>) {
      checkWidth(path, record.length);
      block.push(record);
      cells += record.length;
      if (block.length < rows && cells < mostCells) continue;
      yield block;
      block = [];
      cells = 0;
    }
    if (block.length > 0) yield block;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw error.code === "CSV_MAX_RECORD_SIZE"
      ? endless(path)
      : badTable(path, `is not valid CSV (${error.message}): repair the row`);
  } finally {
    parser.destroy();
    await feeding;
  }
}

const part = 2 ** 18;

/** The bytes of a file, unpacked by its ending .gz. Throws `Unreadable`, and `BadGzip` for damage and for too much. */
async function* readParts(
  path: string,
  { size, limits }: { size: number; limits?: UnpackLimits | undefined },
): AsyncGenerator<Buffer> {
  if (size === 0) return;
  const isPacked = /\.gz$/i.test(path);
  const file = createReadStream(path, { highWaterMark: part });
  const parts = isPacked ? pipeline(file, createGunzip({ chunkSize: part }), () => {}) : file;
  const cure = "unpack it with gunzip and give the unpacked file";
  let total = 0;
  try {
    for await (const bytes of parts) {
      total += (bytes as Buffer).length;
      if (isPacked) checkUnpacked(path, total, "BadGzip", { size, limits, cure });
      yield bytes as Buffer;
    }
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    const isSystem = (error as NodeJS.ErrnoException).syscall !== undefined;
    throw isSystem
      ? new DatasetError("Unreadable", `${path}: ${reason(error)}`)
      : new DatasetError(
          "BadGzip",
          `${path}: cannot be unpacked (${reason(error)}): copy or download it again`,
        );
  }
}

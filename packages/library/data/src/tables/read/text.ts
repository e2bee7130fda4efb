// .csv and .tsv, also .gz. The delimiter is recognised from the first line and said; decimal commas are said, not
// guessed. csv-parse does quotes, byte order marks and line ends.
import { pipeline } from "node:stream/promises";
import { CsvError, type Options, parse } from "csv-parse";
import { badTable, type DatasetError } from "../../errors.js";
import { firstOf } from "../../names.js";
import { hasComma, numberOf } from "../cells.js";
import {
  arrayNames,
  batchRows,
  type Opened,
  type ReadOptions,
  type RowRequest,
  type TableColumn,
} from "../rows.js";
import { readParts } from "./bytes.js";

const delimiters = { ",": "commas", ";": "semicolons", "\t": "tabs" } as const;
type Delimiter = keyof typeof delimiters;

/** Records that say what kind a column is. */
const sampled = 1000;
/** The longest record, in bytes: a file without line ends is no table. */
const longest = 2 ** 23;

export interface TextFile {
  path: string;
  gzip: boolean;
  size: number;
  /** The delimiter of its format, which is not worth a line. */
  usual: Delimiter;
}

/** Where the text of a file comes from, and how it is read. */
interface Source {
  path: string;
  bytes: () => AsyncGenerator<Buffer>;
  parsing: Options;
}

/** Opens a text table. Throws `BadTable`, `BadGzip`, `Unreadable`. */
export async function openText(
  { path, gzip, size, usual }: TextFile,
  { decimal = ".", header: wanted = true, limits }: ReadOptions,
): Promise<Opened> {
  const bytes = () => readParts(path, { gzip, size, limits });
  const delimiter = delimiterOf(await firstText(path, bytes), usual);
  const parsing = { delimiter, skip_empty_lines: true, relax_column_count: true, bom: true };
  const source: Source = { path, bytes, parsing };
  const sample: string[][] = [];
  for await (const block of records(source, sampled + 1)) {
    sample.push(...block);
    break;
  }
  const [first] = sample;
  if (!first) throw badTable(path, "is empty: expected a line with the columns' names, then rows");
  const header = wanted === "auto" ? !holdsNumbers(first) : wanted;
  const names = header ? checkedNames(path, first) : arrayNames(first.length);
  const rows = header ? sample.slice(1) : sample;
  const notes = [
    ...(delimiter === usual ? [] : [`${path}: fields are separated by ${delimiters[delimiter]}`]),
    ...(decimal === "," ? [`${path}: numbers have decimal commas (data.decimal=,)`] : []),
  ];
  return {
    columns: names.map((name, i) =>
      columnOf(
        name,
        rows.map((row) => row[i] ?? ""),
        decimal,
      ),
    ),
    named: header,
    rows: null,
    notes,
    close() {},
    async *batches({ numbers = [], texts = [], signal }: RowRequest) {
      const at = (name: string) => names.indexOf(name);
      const [numberAt, textAt] = [numbers.map(at), texts.map(at)];
      let line = 0;
      for await (const block of records(source, batchRows(names.length))) {
        signal?.throwIfAborted();
        const skipped = header && line === 0 ? 1 : 0;
        const first = header && line > 0 ? line - 1 : line;
        line += block.length;
        const count = block.length - skipped;
        if (count === 0) continue;
        const batch = {
          ...{ first, count },
          numbers: numberAt.map(() => new Float64Array(count)),
          texts: textAt.map(() => new Array<string>(count)),
        };
        for (let row = 0; row < count; row++) {
          const cells = block[row + skipped] as string[];
          if (cells.length !== names.length)
            throw badTable(
              path,
              `row ${first + row + 1} has ${cells.length} fields, expected ${names.length} as the first line has: repair the row`,
            );
          for (let k = 0; k < numberAt.length; k++) {
            const cell = cells[numberAt[k] as number] as string;
            const value = numberOf(cell, decimal);
            if (value === undefined)
              throw notNumber(path, { name: numbers[k] as string, row: first + row, cell });
            (batch.numbers[k] as Float64Array)[row] = value;
          }
          for (let k = 0; k < textAt.length; k++)
            (batch.texts[k] as string[])[row] = cells[textAt[k] as number] as string;
        }
        yield batch;
      }
    },
  };
}

const endless = (path: string) =>
  badTable(
    path,
    `has a line of more than ${longest} bytes: expected a table of text, a row a line`,
  );

/** The first characters of a file, its first line among them. Throws for what is no text. */
async function firstText(path: string, bytes: Source["bytes"]): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of bytes()) {
    parts.push(part);
    length += part.length;
    if (length > longest) throw endless(path);
    if (length >= 2 ** 12 && part.includes(0x0a)) break;
  }
  const start = Buffer.concat(parts);
  const mark = start.length >= 2 ? start.readUInt16BE(0) : 0;
  if (mark === 0xfffe || mark === 0xfeff)
    throw badTable(path, "its text is UTF-16: expected UTF-8; save it as “CSV UTF-8”");
  if (start.includes(0))
    throw badTable(path, "holds zero bytes: expected text; give the file the ending of its format");
  return start.toString("utf8");
}

/** The delimiter that the first line has most of outside quotes; the usual one where it has none. */
function delimiterOf(text: string, usual: Delimiter): Delimiter {
  const counts: Record<string, number> = { ",": 0, ";": 0, "\t": 0 };
  let quoted = false;
  let blank = true;
  for (const char of text) {
    if (char === '"') quoted = !quoted;
    if (quoted) continue;
    if ((char === "\n" || char === "\r") && !blank) break;
    if (char.trim() !== "" || char === "\t") blank = false;
    if (char in counts) counts[char] = (counts[char] as number) + 1;
  }
  const most = Math.max(...Object.values(counts));
  if (counts[usual] === most) return usual;
  return Object.keys(counts).find((char) => counts[char] === most) as Delimiter;
}

const holdsNumbers = (cells: readonly string[]): boolean =>
  cells.every((cell) => Number.isFinite(Number(cell.trim() || "-")) || hasComma(cell));

function checkedNames(path: string, cells: readonly string[]): string[] {
  const names = cells.map((cell) => cell.trim());
  if (holdsNumbers(names))
    throw badTable(
      path,
      `its first line holds numbers (${firstOf(names, 3)}): expected the columns' names; add them, or write data.header=false`,
    );
  // The column that row numbers are written to often has no name.
  return names.map((name, i) => (name === "" ? `c${i}` : name));
}

function columnOf(name: string, cells: readonly string[], decimal: "." | ","): TableColumn {
  const odd = (cell: string) => numberOf(cell, decimal) === undefined;
  // What is not even a number with a decimal comma says more than what is.
  const text = cells.findIndex((cell) => odd(cell) && (decimal === "," || !hasComma(cell)));
  const row = text >= 0 ? text : cells.findIndex(odd);
  if (row < 0) return { name, kind: "number" };
  const names = cells.length > 2 && cells.every(odd) && new Set(cells).size === cells.length;
  const example = { row, text: cells[row] as string, commas: text < 0 };
  return { name, kind: "text", example, names };
}

function notNumber(
  path: string,
  { name, row, cell }: { name: string; row: number; cell: string },
): DatasetError {
  const cure = hasComma(cell)
    ? "write data.decimal=, for decimal commas"
    : `repair it, or write data.exclude=${name}`;
  const shown = JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}…` : cell);
  return badTable(
    path,
    `column ${name} has ${shown} in row ${row + 1}: expected a number; ${cure}`,
  );
}

/** The records of a file, the first line among them, in blocks. */
async function* records(
  { path, bytes, parsing }: Source,
  rows: number,
): AsyncGenerator<string[][]> {
  const parser = parse({ ...parsing, max_record_size: longest });
  const feeding = pipeline(bytes(), parser).catch(() => {});
  let block: string[][] = [];
  try {
    for await (const record of parser) {
      block.push(record as string[]);
      if (block.length < rows) continue;
      yield block;
      block = [];
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

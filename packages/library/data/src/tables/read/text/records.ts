// The records of a text file, parsed by csv-parse.
import { promises } from "node:stream";
import { CsvError, type Options, parse } from "csv-parse";
import { badTable } from "../../../errors.js";
import { checkWidth } from "../../row-source.js";
import { endlessLine, longestLine, readText, type TextFile } from "./bytes.js";

const delimiters = { ",": "commas", ";": "semicolons", "\t": "tabs" } as const;

/** The sign between fields. */
export type Delimiter = keyof typeof delimiters;

/** The name of a delimiter, for people. */
export const delimiterName = (delimiter: Delimiter): string => delimiters[delimiter];

/** A file of text whose delimiter is known. */
export interface RecordFile extends TextFile {
  delimiter: Delimiter;
  /** Whether rows have one field, so that an empty line is a row without a value. */
  isSingle: boolean;
  /** The first line end. */
  lineEnd: "\n" | "\r\n" | "\r" | null;
}

const mostCells = 2 ** 20;
const smallPart = 2 ** 12;

/**
 * Finds the delimiter that the first line has most often, `usual` at a tie.
 * @throws errors of `readText`, and `BadTable` for too many columns.
 */
export async function openRecords(file: TextFile, usual: Delimiter): Promise<RecordFile> {
  const start = await readStart(file);
  const unquoted = (text: string) => text.replaceAll(/"[^"]*"?/g, "");
  const [line = ""] = unquoted(start.replace(/^\s*[\r\n]+/, "")).split(/[\r\n]/);
  const [lineEnd = null] = (/\r\n|\n|\r/.exec(unquoted(start)) ?? []) as RecordFile["lineEnd"][];
  const count = (delimiter: string) => line.split(delimiter).length;
  const others = Object.keys(delimiters) as Delimiter[];
  const delimiter = others.reduce((best, one) => (count(one) > count(best) ? one : best), usual);
  checkWidth(file.path, count(delimiter));
  return { ...file, delimiter, isSingle: count(delimiter) === 1, lineEnd };
}

/** The first line, and what comes with it. */
async function readStart(file: TextFile): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of readText(file)) {
    parts.push(part);
    length += part.length;
    if (length >= 2 ** 12 && part.includes(0x0a)) break;
  }
  return Buffer.concat(parts).toString("utf8");
}

/** Parts of at most 4 KiB: the parser makes all records of a part, though a reader of the first rows needs few of them. */
async function* smallParts(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const part of parts)
    for (let at = 0; at < part.length; at += smallPart) yield part.subarray(at, at + smallPart);
}

/**
 * Records in blocks of about `rows`. Empty lines are skipped, except between the rows of one field.
 * @throws {DatasetError} `BadTable` for invalid quotes, and errors of `readText`.
 */
export async function* readRecords(file: RecordFile, rows: number): AsyncGenerator<string[][]> {
  const { path, delimiter, isSingle } = file;
  const parsing: Options = {
    delimiter,
    skip_empty_lines: !isSingle,
    relax_column_count: true,
    bom: true,
    max_record_size: longestLine,
    // An empty line is null, and "" is an empty text.
    ...(isSingle && { cast: (text, { quoting }) => (text === "" && !quoting ? null : text) }),
  };
  const parser = parse(parsing);
  const feeding = promises.pipeline(smallParts(readText(file)), parser).catch(() => {});
  let block: string[][] = [];
  let cells = 0;
  let emptyLines = 0;
  let isFirst = true;
  try {
    for await (const record of parser as AsyncIterable<string[]>) {
      if (isSingle && record[0] === null) {
        emptyLines += 1;
        continue;
      }
      checkWidth(path, record.length);
      // Empty lines before the first row and behind the last one are no rows.
      for (; emptyLines > 0; emptyLines--) if (!isFirst) block.push([""]);
      isFirst = false;
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
      ? endlessLine(path)
      : badTable(path, `is not valid CSV (${error.message}): repair the row`);
  } finally {
    parser.destroy();
    await feeding;
  }
}

// A common interface to tables in batches, so that a file may be larger than memory.
import { badTable, type DatasetError, didYouMean, firstOf, invalidOption } from "../errors.js";
import type { UnpackLimits } from "../files/archive.js";
import type { CellOptions, TextHint } from "./cells.js";
import type { ColumnVariability } from "./counts.js";
import type { EmbeddingModel } from "./embedding.js";

/** File formats of tables. */
export type TableFormat = "csv" | "tsv" | "parquet" | "npy" | "npz" | "h5ad";

/** A column of a table. */
export interface TableColumn {
  /** Unique in the table. */
  name: string;
  /** Numbers (bools are 0 and 1), or texts, dates and nested values. */
  kind: "number" | "text";
  /** Outside the data (obs of .h5ad, an index): used only by name. */
  beside?: boolean;
  /** The category whose level the column is. */
  category?: string;
  /** All categories in their order, if the file says that they have one. */
  order?: readonly string[];
  /** The first cell that is no number, in a row counted from 0, the notation it may have, and whether most cells are numbers. */
  example?: { row: number; text: string; hint?: TextHint; isAmongNumbers?: boolean };
}

/** How to read a file as a table. */
export interface ReadOptions extends CellOptions {
  /** Whether the first line of .csv and .tsv names the columns (default true); auto: unless it holds numbers only. */
  header?: boolean | "auto" | undefined;
  /** The name of an array in a .npz file with several arrays. */
  key?: string | undefined;
  /** Of a .h5ad file: X (default), a layer, an entry of obsm, or raw. */
  layer?: string | undefined;
  /** Of a .h5ad file: the total to which the counts of each cell are scaled (undefined: not). */
  normalise?: number | undefined;
  /** Bounds on unpacked sizes. */
  limits?: UnpackLimits | undefined;
  /**
   * Time limit for each answer of a reader of .parquet and .h5ad (default: by the size of the
   * file).
   */
  seconds?: number | undefined;
}

/** The beginning of a line of an unpacked file of text: the next row and the line, counted from 0 and 1, and its byte. */
export interface TextPlace {
  row: number;
  line: number;
  byte: number;
}

/** A row to begin with. */
export interface RowStart {
  /** Counted from 0. */
  row: number;
  /** Of a file of text: a line in front of it. */
  text?: TextPlace | undefined;
}

/** The columns to read. */
export interface RowRequest {
  /** Missing cells are NaN, infinite values stay. */
  numbers?: readonly string[];
  /** Unchanged; missing cells are "". */
  texts?: readonly string[];
  /** The first row to read, which began a batch of an earlier reading (default: the first one). */
  from?: RowStart | undefined;
  /** Stops reading. */
  signal?: AbortSignal | undefined;
}

/** Consecutive rows of a table, by columns. */
export interface RowBatch {
  /** Index of the first row, from 0. */
  first: number;
  /** Rows in the batch. */
  count: number;
  /** One array for each requested column. */
  numbers: Float64Array[];
  /** One array for each requested column. */
  texts: string[][];
  /** Of a file of text: a line in front of the next batch. */
  next?: TextPlace | undefined;
}

/** Follows and stops a reading. */
export interface ReadingWatch {
  /** Stops the reading. */
  signal?: AbortSignal | undefined;
  /** Receives the number of rows so far. */
  onRows?: (rows: number) => void;
}

/** An open table: its columns, and its rows in batches. */
export interface RowSource {
  /** The file. */
  readonly path: string;
  /** Format of the file. */
  readonly format: TableFormat;
  /** All columns in order. */
  readonly columns: readonly TableColumn[];
  /** Otherwise columns are c0, c1, … */
  readonly named: boolean;
  /** Number of rows; null if only reading tells. */
  readonly rows: number | null;
  /** An estimate of the number of rows if only reading tells. */
  readonly estimatedRows?: number;
  /** Notes on the reading, for people. */
  readonly notes: readonly string[];
  /** Of coordinates in a .h5ad file: the model that made them. */
  readonly embedding?: EmbeddingModel;
  /** Whether a text of the table is a missing value. */
  isMissing(text: string): boolean;
  /**
   * Reads all rows, or all from `from` on; may be called again.
   * @throws {DatasetError} `BadTable`, and `ChangedFile` if the file has changed.
   */
  batches(request: RowRequest): AsyncGenerator<RowBatch>;
  /**
   * How much the columns of a .h5ad matrix of counts vary, over all rows and after scaling; other formats have none.
   * @throws {DatasetError} `BadTable` for values that are no counts.
   */
  variability?(watch?: ReadingWatch): Promise<ColumnVariability>;
  /** Of coordinates in a .h5ad file: reads all rows, and tells whether each coordinate has mean 0. */
  isCentred?(): Promise<boolean>;
  /** Of a table with categories: throws `BadTable` if a cell of the last batch, in a row of the file, is no level of its category. */
  checkLevel?(category: string, row: number): void;
  /** Closes the file. */
  close(): void;
}

/** What a reader of a format returns. */
export interface Opened
  extends Omit<RowSource, "path" | "format" | "isMissing" | "variability" | "isCentred"> {
  /** As `RowSource.variability`, in steps; a step is the number of rows so far. */
  variability?(): AsyncGenerator<number, ColumnVariability>;
}

/** Names of the n columns of an array: c0, c1, … */
export const arrayNames = (n: number): string[] => Array.from({ length: n }, (_, i) => `c${i}`);

/** Rows of a batch of so many columns: about 2 MiB of numbers. */
export const batchRows = (columns: number): number =>
  Math.min(Math.max(Math.floor(2 ** 18 / Math.max(columns, 1)), 16), 2 ** 16);

const mostColumns = 2 ** 16;

/** @throws {DatasetError} `BadTable` for more columns than a bridge can train on, before memory is taken. */
export function checkWidth(path: string, columns: number): void {
  if (columns <= mostColumns) return;
  throw badTable(
    path,
    `has ${columns} columns: expected at most ${mostColumns}; write a file with fewer columns`,
  );
}

/** A cell as number; NaN for a missing one. */
export const asNumber = (value: unknown): number =>
  value === null || value === undefined ? Number.NaN : Number(value);

/** The error for a column that a table lacks, with the closest name. */
export function absentColumn(
  { path, columns }: Pick<RowSource, "path" | "columns">,
  { key, name, value = name }: { key: string; name: string; value?: string },
): DatasetError {
  const names = columns.map((column) => column.name);
  const some = firstOf(names, 12) + (names.length > 12 ? ` (${names.length})` : "");
  return invalidOption(
    `${path} has no column ${name}${didYouMean(name, names) || `; it has ${some}`}`,
    { option: { key, values: [value] } },
  );
}

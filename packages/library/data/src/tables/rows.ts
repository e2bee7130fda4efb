// One interface to the tables of users, whatever their file is: named columns whose rows come in batches, so that a file
// may be larger than memory. Preparation for training and `dsbm sample` both read through it.
import { badTable } from "../errors.js";
import type { UnpackLimits } from "../files/archive.js";

export type TableFormat = "csv" | "tsv" | "parquet" | "npy" | "npz" | "h5ad";

export interface TableColumn {
  name: string;
  /** Numbers (bools are 0 and 1), or texts: categories, dates, and what is nested. */
  kind: "number" | "text";
  /** Whether it stands next to the data proper (obs of .h5ad, an index): used only if it is named. */
  beside?: boolean;
  /** Of a text column the first cell that is no number, in a row counted from 0, and whether it has a decimal comma. */
  example?: { row: number; text: string; commas: boolean };
  /** Whether a text column names the rows: all texts of the sample are different. */
  names?: boolean;
}

/** How a file is read, if its name does not say it. */
export interface ReadOptions {
  /** The decimal sign of .csv and .tsv (default "."). */
  decimal?: "." | "," | undefined;
  /** Whether the first line of .csv and .tsv names the columns (default true); auto: unless it holds numbers only. */
  header?: boolean | "auto" | undefined;
  /** The array of a .npz file; not needed for a single one. */
  key?: string | undefined;
  /** The matrix of a .h5ad file: X (default), a layer, or an entry of obsm. */
  layer?: string | undefined;
  /** What a packed file may unpack to. */
  limits?: UnpackLimits | undefined;
}

/** Columns, in the order in which they are wanted, and as what. */
export interface RowRequest {
  /** Read as numbers: missing cells are NaN, infinite ones stay. */
  numbers?: readonly string[];
  /** Read as texts, unchanged; missing cells are "". */
  texts?: readonly string[];
  signal?: AbortSignal | undefined;
}

/** Rows one after the other, by columns. */
export interface RowBatch {
  /** The first row, counted from 0. */
  first: number;
  count: number;
  /** A Float64Array of `count` for each of `numbers`. */
  numbers: Float64Array[];
  /** `count` texts for each of `texts`. */
  texts: string[][];
}

/** An open table. */
export interface RowSource {
  readonly path: string;
  readonly format: TableFormat;
  readonly columns: readonly TableColumn[];
  /** Whether the file names its columns; otherwise they are c0, c1, … */
  readonly named: boolean;
  /** Rows in all; null if only reading tells. */
  readonly rows: number | null;
  /** Lines for people on how the file was read, such as an unusual delimiter. */
  readonly notes: readonly string[];
  /**
   * Reads all rows from the first on; may be called again. Throws `BadTable` for damage and for a text in a column of
   * numbers, and `ChangedFile` if the file is not the opened one.
   */
  batches(request: RowRequest): AsyncGenerator<RowBatch>;
  close(): void;
}

/** The table of one format's reader; `open.ts` makes a RowSource of it. */
export type Opened = Omit<RowSource, "path" | "format">;

/** Names of the columns of an array without names. */
export const arrayNames = (n: number): string[] => Array.from({ length: n }, (_, i) => `c${i}`);

/** Rows of a batch of so many columns: about 2 MiB of numbers. */
export const batchRows = (columns: number): number =>
  Math.min(Math.max(Math.floor(2 ** 18 / Math.max(columns, 1)), 16), 2 ** 16);

/** More columns than any table has: a few kilobytes can claim any number of them. */
const mostColumns = 2 ** 16;

/** Throws `BadTable` for more columns than a bridge can be trained on, before memory is taken. */
export function checkWidth(path: string, columns: number): void {
  if (columns <= mostColumns) return;
  throw badTable(path, `has ${columns} columns: expected at most ${mostColumns}; leave some out`);
}

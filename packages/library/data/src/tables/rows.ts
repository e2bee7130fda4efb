// One interface to the tables of users, whatever their file is: named columns whose rows come in batches, so that a file
// may be larger than memory. Preparation for training and `dsbm sample` both read through it.

import type { UnpackLimits } from "../files/archive.js";

/** What a file's name (or its content) says that it is. */
export type TableFormat = "csv" | "tsv" | "parquet" | "npy" | "npz" | "h5ad";

/** A column as the file has it. */
export interface TableColumn {
  name: string;
  /** Numbers (bools are 0 and 1), or texts: categories, dates, and what is nested. */
  kind: "number" | "text";
  /** Whether it stands beside the data proper (obs of .h5ad, an index): used only where it is named. */
  beside?: boolean;
  /** Of a text column the first cell that is no number, in a row counted from 0, and whether it has a decimal comma. */
  example?: { row: number; text: string; commas: boolean };
  /** Whether a text column names the rows: all texts are different, as far as was looked. */
  names?: boolean;
}

/** How a file is read, where its name does not say it. */
export interface ReadOptions {
  /** The decimal sign of .csv and .tsv (default "."). */
  decimal?: "." | "," | undefined;
  /** Whether the first line of .csv and .tsv names the columns (default true); auto: unless it holds numbers only. */
  header?: boolean | "auto" | undefined;
  /** The array of a .npz file; not needed where it has one. */
  key?: string | undefined;
  /** The matrix of a .h5ad file: X (default), a layer, or an entry of obsm. */
  layer?: string | undefined;
  /** What a packed file may unpack to. */
  limits?: UnpackLimits | undefined;
}

/** The columns that are wanted, in the order wanted, and as what. */
export interface RowRequest {
  /** Read as numbers: missing cells are NaN, infinite ones stay. */
  numbers?: readonly string[];
  /** Read as texts as they are written; missing cells are "". */
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
  /** Rows in all; null where only reading tells. */
  readonly rows: number | null;
  /** Lines for people on how the file was read, such as an unusual delimiter. */
  readonly notes: readonly string[];
  /**
   * Reads all rows from the first on; may be called again. Throws a `DatasetError`: `BadTable` for damage, and for a
   * text in a column that is read as numbers; `ChangedFile` where the file is not the one that was opened.
   */
  batches(request: RowRequest): AsyncGenerator<RowBatch>;
  close(): void;
}

/** What a reader of one format gives; `open.ts` makes a RowSource of it. */
export type Opened = Omit<RowSource, "path" | "format">;

/** Names of the columns of an array without names. */
export const arrayNames = (n: number): string[] => Array.from({ length: n }, (_, i) => `c${i}`);

/** Rows of a batch of so many columns: about 2 MiB of numbers. */
export const batchRows = (columns: number): number =>
  Math.min(Math.max(Math.floor(2 ** 18 / Math.max(columns, 1)), 16), 2 ** 16);

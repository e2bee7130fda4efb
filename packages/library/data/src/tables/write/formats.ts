// The formats of written tables.
import { openCsvWriter } from "./csv.js";
import { openArrayWriter } from "./npy.js";
import { openParquetWriter } from "./parquet.js";
import type { TableColumns, TableWriter } from "./table-writer.js";

type OpenWriter = (path: string, columns: TableColumns) => TableWriter;

const writers = {
  ".csv": (path, columns) => openCsvWriter(path, columns, ","),
  ".tsv": (path, columns) => openCsvWriter(path, columns, "\t"),
  ".parquet": openParquetWriter,
  ".npy": openArrayWriter,
} satisfies Record<string, OpenWriter>;

/** File endings of written tables. */
export type OutputFormat = keyof typeof writers;

/** All file endings of written tables. */
export const outputFormats = Object.keys(writers) as readonly OutputFormat[];

/** The format of a file name by its ending; undefined for other names. */
export const outputFormat = (name: string): OutputFormat | undefined =>
  outputFormats.find((ending) => name.toLowerCase().endsWith(ending));

/** The format and the columns of a written table. */
export interface TableWriterOptions extends TableColumns {
  /** The file ending. */
  format: OutputFormat;
}

/**
 * Begins a table at `path`, a temporary name. Kept columns come first; .npy drops them.
 * @throws system errors.
 */
export const openTableWriter = (
  path: string,
  { format, ...columns }: TableWriterOptions,
): TableWriter => writers[format](path, columns);

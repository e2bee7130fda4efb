import { openArrayWriter } from "./array.js";
import { openCsvWriter } from "./csv.js";
import { openH5adWriter } from "./h5ad/table.js";
import { openNpzWriter } from "./npz.js";
import { openParquetWriter } from "./parquet.js";
import type { TableColumns, TableWriter } from "./table-writer.js";

type OpenWriter = (path: string, columns: TableColumns) => TableWriter;

const text =
  (separator: "," | "\t", gzipped: boolean): OpenWriter =>
  (path, columns) =>
    openCsvWriter(path, columns, { separator, gzipped });

const writers = {
  ".csv": text(",", false),
  ".csv.gz": text(",", true),
  ".tsv": text("\t", false),
  ".tsv.gz": text("\t", true),
  ".parquet": openParquetWriter,
  ".npy": openArrayWriter,
  ".npz": openNpzWriter,
  ".h5ad": openH5adWriter,
} satisfies Record<string, OpenWriter>;

/** File endings of written tables. */
export type OutputFormat = keyof typeof writers;

/** All file endings of written tables. */
export const outputFormats = Object.keys(writers) as readonly OutputFormat[];

/** Returns undefined for other names. */
export const outputFormat = (name: string): OutputFormat | undefined =>
  outputFormats.find((ending) => name.toLowerCase().endsWith(ending));

/** The format and the columns of a written table. */
export interface TableWriterOptions extends TableColumns {
  format: OutputFormat;
}

/**
 * Begins a table at `path`, a temporary name. Kept columns come first; .npy and .npz drop them.
 * Throws system errors.
 */
export const openTableWriter = (
  path: string,
  { format, ...columns }: TableWriterOptions,
): TableWriter => writers[format](path, columns);

// Which writer a file's name asks for.
import { openArrayWriter } from "./array.js";
import { openCsvWriter } from "./csv.js";
import { openNpzWriter } from "./npz/npz.js";
import { openParquetWriter } from "./parquet.js";
import type { TableColumns, TableWriter } from "./table-writer.js";

type Open = (
  path: string,
  columns: TableColumns,
  options: { scratch: () => string },
) => TableWriter;

const text =
  (separator: "," | "\t", gzipped: boolean): Open =>
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
} satisfies Record<string, Open>;

/** The ending of a table that can be written. */
export type OutputFormat = keyof typeof writers;

/** The formats of tables that can be written, by the endings of their names. */
export const outputFormats = Object.keys(writers) as readonly OutputFormat[];

/** The format that the name of a file asks for; undefined where that is none of a table. */
export const outputFormat = (name: string): OutputFormat | undefined =>
  outputFormats.find((ending) => name.toLowerCase().endsWith(ending));

export interface TableWriterOptions extends TableColumns {
  format: OutputFormat;
  /** Paths for files that are needed meanwhile, on a disk with room for the whole table (.npz). */
  scratch: () => string;
}

/**
 * Begins a table at `path`, which is created or emptied: give a temporary name, and rename it once it is closed. Carried
 * columns stand before the others; a .npy file has no place for them. Throws the system's errors, and those of formats.
 */
export function openTableWriter(
  path: string,
  { format, scratch, ...columns }: TableWriterOptions,
): TableWriter {
  return writers[format](path, columns, { scratch });
}

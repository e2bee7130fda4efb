import { io } from "@dsbm/torch";
import { toRows } from "../units.js";
import { openCsvWriter } from "./csv.js";
import { openParquetWriter } from "./parquet.js";
import type { TableColumns, TableWriter } from "./table-writer.js";

function openArrayWriter(path: string, { columns }: TableColumns): TableWriter {
  const dtype = columns.some((column) => column.dtype === "float64") ? "float64" : "float32";
  const file = new io.npy.NpyWriter(path, dtype, [columns.length]);
  return {
    async write({ count, numbers }) {
      file.append(io.fromTyped(toRows(numbers, dtype), [count, columns.length]));
    },
    async close() {
      file.close({ sync: true });
    },
    abandon: () => file.close(),
  };
}

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

/** Returns undefined for other names. */
export const outputFormat = (name: string): OutputFormat | undefined =>
  outputFormats.find((ending) => name.toLowerCase().endsWith(ending));

/** The format and the columns of a written table. */
export interface TableWriterOptions extends TableColumns {
  /** The file ending. */
  format: OutputFormat;
}

/**
 * Begins a table at `path`, a temporary name. Kept columns come first; .npy drops them.
 * Throws system errors.
 */
export const openTableWriter = (
  path: string,
  { format, ...columns }: TableWriterOptions,
): TableWriter => writers[format](path, columns);

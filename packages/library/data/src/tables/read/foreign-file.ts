// Opens a file of a foreign format in this thread.
import { DatasetError, reason } from "../../errors.js";
import type { Opened, ReadOptions } from "../rows.js";

/** A file of a foreign format. */
export interface ForeignFile {
  format: "parquet" | "h5ad";
  path: string;
  size: number;
  options: Pick<ReadOptions, "layer" | "normalise" | "limits">;
}

/** Opens a file by its format. Throws as its reader. */
export async function openFormat({ format, path, size, options }: ForeignFile): Promise<Opened> {
  if (format === "parquet") return (await import("./parquet.js")).openParquet(path, size, options);
  return (await import("./h5ad/h5ad.js")).openH5ad(path, size, options);
}

/** The error of a reader as a `DatasetError`, `BadTable` unless it is one. */
export function unreadable({ path, format }: ForeignFile, error: unknown): DatasetError {
  if (error instanceof DatasetError) return error;
  const text = reason(error);
  // Of HDF5's trace, the text of the innermost function.
  const problem = [...text.matchAll(/ in \w+\(\): (.*)/g)].at(-1)?.[1] ?? text;
  return new DatasetError(
    "BadTable",
    `${path}: cannot be read as ${format} (${problem}): write it again`,
  );
}

// Opens a file of a foreign format in this thread.
import type { DatasetError } from "../../errors.js";
import { unreadableFile } from "../../files/read.js";
import type { Opened, ReadOptions } from "../row-source.js";

/** A file of a foreign format. */
export interface ForeignFile {
  format: "parquet" | "h5ad";
  path: string;
  size: number;
  options: Pick<ReadOptions, "layer" | "normalise" | "limits">;
}

/**
 * Opens a file by its format.
 * @throws as its reader.
 */
export async function openFormat({ format, path, size, options }: ForeignFile): Promise<Opened> {
  if (format === "parquet") return (await import("./parquet.js")).openParquet(path, size, options);
  return (await import("./h5ad/h5ad.js")).openH5ad(path, size, options);
}

/** The error of a reader as a `DatasetError`, `BadTable` unless it is one. */
export const unreadable = ({ path, format }: ForeignFile, error: unknown): DatasetError =>
  unreadableFile(path, format, error);

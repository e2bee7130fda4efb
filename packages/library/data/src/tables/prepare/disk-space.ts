// Whether a prepared table fits on the disk, before hours of reading.
import { statfsSync } from "node:fs";
import { DatasetError } from "../../errors.js";
import { attempt } from "../../files/read.js";

/** The size of a table that is prepared. */
interface PreparedSize {
  rows: number;
  /** Columns of float32. */
  columns: number;
  /** Columns of float64. */
  beside: number;
}

/** The bytes that preparing a table takes at most: all rows, then their parts next to them. */
export const bytesToPrepare = ({ rows, columns, beside }: PreparedSize): number =>
  2 * rows * (4 * columns + 8 * beside);

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toPrecision(2)} GB`;

/**
 * Checks the free space of the disk of a folder; `free` is for tests.
 * @throws {DatasetError} `Unreadable` for a table that does not fit
 */
export function checkDiskSpace(
  path: string,
  folder: string,
  size: PreparedSize,
  free: number = freeBytes(folder),
): void {
  const needed = bytesToPrepare(size);
  if (needed <= free) return;
  throw new DatasetError(
    "Unreadable",
    `${path}: about ${size.rows} rows of ${size.columns} columns take ${gigabytes(needed)} while they are prepared, and ${gigabytes(free)} are free in ${folder}: expected enough space; free some, or choose another paths.data_dir_name`,
  );
}

const freeBytes = (folder: string): number =>
  attempt(folder, () => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  });

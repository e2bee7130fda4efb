// Opens files of fields, each in a thread of its own.
import { readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isFieldPath, isPage } from "@dsbm/files";
import { DatasetError, didYouMean } from "../../errors.js";
import { attempt, isFolder, statOrUndefined, unreadableFile } from "../../files/read.js";
import { ReaderThread } from "../../files/reader-thread.js";
import { type FieldFacts, type FieldReading, type FieldRows, openFieldRows } from "./field-rows.js";

/** The beginning of names of datasets that are files of fields: `fields:PATH`. */
export const fieldsPrefix = "fields:";

const thread = new URL("../../../dist/fields/read/thread.js", import.meta.url);

/** All files of a folder and below it, with their sizes and times; links to folders are not followed. */
export function filesBelow(folder: string): { path: string; size: number; time: number }[] {
  return attempt(folder, () => readdirSync(folder, { withFileTypes: true })).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    const stats = statOrUndefined(path);
    return stats ? [{ path, size: stats.size, time: stats.mtimeMs }] : [];
  });
}

/**
 * Returns the bytes of a file or of a folder of Zarr.
 * @throws {DatasetError} `MissingFiles` and `UnsupportedType`.
 */
export function checkFields(path: string): number {
  const stats = statOrUndefined(path);
  if (stats?.isFile()) return stats.size;
  if (stats?.isDirectory() && isFieldPath(path))
    return filesBelow(path).reduce((sum, { size }) => sum + size, 0);
  if (stats)
    throw new DatasetError(
      "UnsupportedType",
      `${path}: expected a NetCDF file (.nc) or a Zarr folder (.zarr)`,
    );
  const folder = dirname(resolve(path));
  const others = isFolder(folder) ? attempt(folder, () => readdirSync(folder)) : [];
  throw new DatasetError(
    "MissingFiles",
    `${path}: no such file${didYouMean(basename(path), others) || ": expected a NetCDF file (.nc) or a Zarr folder (.zarr)"}`,
  );
}

/**
 * Opens a NetCDF file or a Zarr folder in a thread of its own.
 * @throws {DatasetError} `MissingFiles`, `BadTable` for damage, also beyond time or memory, and errors of `readGrid`
 */
export async function openFields(
  path: string,
  reading: FieldReading,
  { seconds }: { seconds?: number | undefined } = {},
): Promise<FieldRows> {
  const task = { path, size: checkFields(path), reading };
  if (isPage) return openHere(task);
  const reader = new ReaderThread(thread, { ...task, seconds }, task);
  try {
    const facts = await reader.ask<FieldFacts>();
    return {
      ...facts,
      read: (first, count) => reader.ask<Float32Array>({ first, count }),
      close: () => reader.end(),
    };
  } catch (error) {
    reader.end();
    throw error;
  }
}

async function openHere(task: Parameters<typeof openFieldRows>[0]): Promise<FieldRows> {
  try {
    return await openFieldRows(task);
  } catch (error) {
    throw unreadableFile(task.path, "NetCDF or Zarr", error);
  }
}

import { readFileSync, type Stats, statSync } from "node:fs";
import { DatasetError, reason } from "../errors.js";

/** Returns undefined if nothing is there; throws `Unreadable` without permission. */
export function status(path: string): Stats | undefined {
  return attempt(path, () => statSync(path, { throwIfNoEntry: false }));
}

export const isFile = (path: string): boolean => status(path)?.isFile() ?? false;
export const isFolder = (path: string): boolean => status(path)?.isDirectory() ?? false;

export function readBytes(path: string): Buffer {
  return attempt(path, () => readFileSync(path));
}

export function attempt<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw new DatasetError("Unreadable", `${path}: ${reason(error)}`);
  }
}

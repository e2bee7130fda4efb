import { type Dirent, existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileOperation, makeFolder } from "@dsbm/files";

/** Throws FileError. */
export const readText = (path: string): string =>
  fileOperation("read", path, () => readFileSync(path, "utf8"));

/** Sorted names of the matching entries of a folder; [] if it does not exist. Throws FileError. */
export function namesIn(folder: string, matches: (entry: Dirent) => boolean): string[] {
  if (!existsSync(folder)) return [];
  const entries = () => readdirSync(folder, { withFileTypes: true });
  const entriesOfFolder = fileOperation("list", folder, entries).filter(matches);
  return entriesOfFolder.map(({ name }) => name).sort();
}

/** Removes plain files by name. Throws FileError. */
export function removeFiles(folder: string, matches: (name: string) => boolean): void {
  for (const name of namesIn(folder, (entry) => entry.isFile() && matches(entry.name))) {
    const path = join(folder, name);
    fileOperation("remove", path, () => rmSync(path, { force: true }));
  }
}

/** Moves a file or folder, and makes missing folders. Throws FileError. */
export function movePath(from: string, to: string): void {
  makeFolder(dirname(to));
  fileOperation("move", from, () => renameSync(from, to));
}

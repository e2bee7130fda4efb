// The folders below the studio's, without links and hidden folders.
import type { Dirent } from "node:fs";
import type { Folder } from "./inside.js";

const limits = { depth: 8, folders: 20_000 };
const passedOver = new Set([
  "node_modules",
  "checkpoints",
  "samples",
  "models",
  "cache",
  "figures",
]);

/** The path of a run's file below the folder of the studio. */
export const pathBelow = (id: string, name: string): string => (id === "" ? name : `${id}/${name}`);

/** Whether the folder holds a run. */
export const isRunFolder = (folder: Folder, path: string): boolean =>
  folder.peek(pathBelow(path, "run.json"))?.isFile() === true;

/** Visits the folders in order of their names; `visit` returns the entries to continue with. */
export function walkFolders(visit: (path: string) => readonly Dirent[]): void {
  let count = 0;
  const walk = (path: string, depth: number) => {
    if (count++ > limits.folders) return;
    const entries = visit(path);
    if (depth === limits.depth) return;
    for (const entry of entries)
      if (entry.isDirectory() && !entry.name.startsWith(".") && !passedOver.has(entry.name))
        walk(pathBelow(path, entry.name), depth + 1);
  };
  walk("", 0);
}

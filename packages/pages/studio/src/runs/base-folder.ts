// The folder that the relative paths of a run start from.
import { existsSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import type { Folder } from "../files/inside.js";
import { pathBelow } from "../files/walk.js";
import { configFacts, readAs } from "./files.js";

/** Paths of files: "table:winter.csv". Built-in datasets have no colon. */
const pathOf = (dataset: string) => /^\w+:(.+)$/s.exec(dataset)?.[1] ?? [];

/** The relative paths of the data of a run. */
function relativePaths(folder: Folder, run: string): string[] {
  try {
    const facts = readAs(folder, pathBelow(run, "config.json"), configFacts);
    return [facts.Dataset, facts.Dataset_transfer]
      .flatMap(pathOf)
      .filter((path) => !isAbsolute(path));
  } catch {
    // The page of the run says why it cannot be read.
    return [];
  }
}

/**
 * The closest folder above a run that has its data; else the working folder. A run may be a stranger's, so no folder
 * beyond the parent of the studio's is meant.
 */
export function baseFolder(folder: Folder, run: string): string {
  const paths = relativePaths(folder, run);
  const top = dirname(folder.root);
  for (
    let at = folder.resolve(run);
    paths.length > 0 && at.length >= top.length;
    at = dirname(at)
  ) {
    if (paths.every((path) => existsSync(resolve(at, path)))) return at;
    if (at === top) break;
  }
  return process.cwd();
}

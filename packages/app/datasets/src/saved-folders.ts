// The folders that a saved configuration names. A run from somebody else may name any folder: dsbm makes none there.
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { type CompleteTrainConfig, ConfigError } from "@dsbm/config";

/** Whether a path lies in the working folder. */
function isInWorkingFolder(path: string): boolean {
  const way = relative(process.cwd(), resolve(path));
  return !isAbsolute(way) && way.split(/[/\\]/)[0] !== "..";
}

/**
 * Checks a folder that opening the data of a saved run makes, below paths.data_dir_name.
 * @throws {ConfigError} if it lies outside the working folder and nothing was prepared there before
 */
export function checkSavedFolder(folder: string): void {
  const parent = dirname(resolve(folder));
  if (isInWorkingFolder(folder) || existsSync(parent)) return;
  throw new ConfigError(
    `the run keeps prepared data in ${parent} (its paths.data_dir_name), outside the working folder, and there is no such folder: expected a run of your own; if you trust it, make the folder ${parent}`,
  );
}

/** The paths of a saved run: its own folder of runs if dsbm writes there already, else the default one. */
export function savedPaths({
  paths,
}: Pick<CompleteTrainConfig, "paths">): CompleteTrainConfig["paths"] {
  const { experiments_dir_name } = paths;
  const isKnown =
    isInWorkingFolder(experiments_dir_name) ||
    ["classifiers", "latest"].some((name) => existsSync(join(experiments_dir_name, name)));
  return isKnown ? paths : { ...paths, experiments_dir_name: "experiments" };
}

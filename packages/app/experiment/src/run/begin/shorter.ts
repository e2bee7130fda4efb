// A longer run can begin with the result of a shorter run: random streams are functions of the
// half-iteration, so the result is bit-identical.
import { cpSync, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { CompleteTrainConfig } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import { lockHolder, makeFolder, temporaryPath } from "@dsbm/files";
import { checkFiles, isRunFault, listCheckpoints, readRun, runPaths } from "@dsbm/runs";
import { readExtension } from "./extension.js";
import { changesOf, freeKeys } from "./resume.js";

export interface ShorterRun {
  folder: string;
  /** Finished half-iterations. */
  done: number;
}

const free: ReadonlySet<string> = new Set([...freeKeys, "n_ipf", "half_iterations"]);

/**
 * Finds the run next to `folder` whose configuration differs from `config` only in length, with the
 * most half-iterations. Returns null if no such run exists or `folder` holds a run.
 */
export function shorterRun(folder: string, config: CompleteTrainConfig): ShorterRun | null {
  const seed = basename(folder);
  const overrides = dirname(folder);
  const above = dirname(overrides);
  if (!existsSync(above) || (existsSync(folder) && readdirSync(folder).length > 0)) return null;
  const candidates = readdirSync(above, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== basename(overrides))
    .map(({ name }) => join(above, name, seed))
    .flatMap((place) => {
      const done = halvesOf(place, config);
      return done === null ? [] : [{ folder: place, done }];
    });
  return candidates.sort((a, b) => b.done - a.done)[0] ?? null;
}

/** Half-iterations that the configuration can begin with, or null. */
function halvesOf(place: string, config: CompleteTrainConfig): number | null {
  const { run_json, config_json, checkpoints, lock } = runPaths(place);
  if (![run_json, config_json, checkpoints].every((path) => existsSync(path))) return null;
  try {
    if (readExtension(place) !== null || lockHolder(lock) !== undefined) return null;
    const { config: before, models } = readRun(place);
    const done = models.at(-1)?.half_iteration ?? 0;
    const isShorter = Number(before.half_iterations) < config.half_iterations;
    if (done === 0 || !isShorter || listCheckpoints(checkpoints).length === 0) return null;
    if (changesOf(place, config, free).length > 0) return null;
    checkFiles(place);
    return done;
  } catch (error) {
    if (isRunFault(error) || error instanceof ConfigError) return null;
    throw error;
  }
}

const halves =
  /^(\.lock|extension\.json|\.tmp-.*|cache|previous|run\.json|config\.(json|yaml)|quality\.json|report\.html|test)$/;

/** Copies checkpoints and metrics of the shorter run, whole or not at all. */
export function beginWith({ folder: from }: ShorterRun, folder: string): void {
  makeFolder(dirname(resolve(folder)));
  const temporary = temporaryPath(dirname(resolve(folder)));
  try {
    const filter = (path: string) =>
      dirname(resolve(path)) !== resolve(from) || !halves.test(basename(path));
    cpSync(from, temporary, { recursive: true, filter, preserveTimestamps: true });
    renameSync(temporary, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

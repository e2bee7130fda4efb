// The configuration of an existing run: what may change when it continues.
import { type CompleteTrainConfig, ConfigError, freeProcessKeys, isTree } from "@dsbm/config";
import { checkFiles, isFinished, type Row, readRun } from "@dsbm/runs";
import { checkTables } from "./columns.js";

/** Keys that may change when a run continues. */
const freeKeys: readonly string[] = [
  "experiments_dir",
  "paths",
  "name",
  "threads",
  "log_every",
  "LOGGER",
  "wandb_id",
  "plot_level",
  "plot_npar",
  "plot_npar_path",
  "gif",
  "gif_stride",
  "metrics",
  "test_npar",
  "test_batch_size",
  "test_num_steps",
  "checkpoint_stride",
  "checkpoint_minutes",
  "keep_last",
  "autostart_next_it",
  ...freeProcessKeys,
];

const keysOf = (before: object, now: object): string[] => [
  ...new Set([...Object.keys(before), ...Object.keys(now)]),
];

/**
 * Names of the keys whose values differ from the run's configuration, except `free` ones.
 * @throws as readRun.
 */
export function changesOf(folder: string, config: object, free: ReadonlySet<string>): string[] {
  const before = readRun(folder).config;
  const now = config as Record<string, unknown>;
  return keysOf(before, now)
    .filter((key) => !free.has(key))
    .flatMap((key) => differences(key, before[key], now[key]));
}

/** @throws {ConfigError} that lists the changes and says what to do. */
export function checkSameConfig(folder: string, config: object, free: ReadonlySet<string>): void {
  const changed = changesOf(folder, config, free);
  if (changed.length === 0) return;
  throw new ConfigError(
    `${folder} holds a run of another configuration (${changed.join("; ")}): run it with the old values, or add --again to start over`,
  );
}

/**
 * Keys that an older version did not have are null there: newer keys change nothing if they are
 * null.
 */
function differences(key: string, before: unknown = null, now: unknown = null): string[] {
  if (JSON.stringify(before) === JSON.stringify(now)) return [];
  if (isTree(before) && isTree(now))
    return keysOf(before, now).flatMap((name) =>
      differences(`${key}.${name}`, before[name], now[name]),
    );
  return [`${key} was ${JSON.stringify(before)} and is now ${JSON.stringify(now)}`];
}

/** The configuration with the length of the run in its folder, if `dsbm extend` made the run longer. */
export function longerConfig(folder: string, config: CompleteTrainConfig): CompleteTrainConfig {
  const { n_ipf, half_iterations } = readRun(folder).config as Partial<CompleteTrainConfig>;
  return n_ipf && half_iterations && half_iterations > config.half_iterations
    ? { ...config, n_ipf, half_iterations }
    : config;
}

/** @throws if the run in `folder` has another configuration, or changed files. */
export function checkRun(
  folder: string,
  config: CompleteTrainConfig,
  free: readonly string[] = [],
): void {
  checkSameConfig(folder, config, new Set([...freeKeys, ...free]));
  checkFiles(folder);
  checkTables(folder);
}

/**
 * Returns the evaluations of a finished run, else null.
 * @throws as checkRun.
 */
export function finishedRun(folder: string, config: CompleteTrainConfig): Row[] | null {
  if (!isFinished(folder)) return null;
  checkRun(folder, longerConfig(folder, config));
  return readRun(folder).results;
}

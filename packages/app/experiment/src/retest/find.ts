// Finds the run that the overrides of `dsbm test` name. Keys of the evaluation may have changed
// since training, so saved configurations are compared.
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type CompleteTrainConfig, ConfigError, type TestConfig, testOnlyKeys } from "@dsbm/config";
import { isRunFault, runPaths, shellWord } from "@dsbm/runs";
import { changesOf, freeKeys } from "../run/begin/resume.js";

export type CompleteTestConfig = CompleteTrainConfig<TestConfig>;

const free: ReadonlySet<string> = new Set([...freeKeys, ...testOnlyKeys, "device"]);

/**
 * Returns the named run, or else the only run of its experiment and seed that differs only in keys
 * of the evaluation. Throws a ConfigError that names the closest run, or the command that trains
 * one.
 */
export function findRun(
  config: CompleteTestConfig,
  named: string,
  words: readonly string[],
): string {
  const above = dirname(dirname(named));
  const names = existsSync(above) ? readdirSync(above) : [];
  const places = names.map((name) => join(above, name, `${config.seed}`));
  const found = [...new Set([named, ...places])].flatMap((folder) => {
    const { run_json, config_json } = runPaths(folder);
    if (!existsSync(run_json) || !existsSync(config_json)) return [];
    try {
      return [{ folder, changes: changesOf(folder, config, free) }];
    } catch (error) {
      if (folder === named || !isRunFault(error)) throw error;
      return [];
    }
  });
  const same = found.filter(({ changes }) => changes.length === 0);
  const [first, second] = same;
  if (first?.folder === named || (first && !second)) return first.folder;
  if (second)
    throw new ConfigError(
      "usage",
      `these options fit several runs: ${same.map(({ folder }) => folder).join(", ")}; give the options of one run`,
    );
  const train = `npx dsbm train ${words
    .filter((word) => !isTestWord(word))
    .map(shellWord)
    .join(" ")}`.trimEnd();
  const [nearest] = found.toSorted((a, b) => a.changes.length - b.changes.length);
  throw new ConfigError(
    "usage",
    nearest
      ? `no run has these options; the closest is ${nearest.folder} (${shortened(nearest.changes)}): give its values, or train a new run with ${train}`
      : `no run has these options, and ${named} does not exist: train it with ${train}`,
  );
}

const isTestWord = (word: string) => testOnlyKeys.some((key) => word.startsWith(`${key}=`));

const shortened = (changes: readonly string[], most = 4) =>
  [
    ...changes.slice(0, most),
    ...(changes.length > most ? [`and ${changes.length - most} more`] : []),
  ].join("; ");

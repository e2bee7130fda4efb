// The run that the words of `dsbm test` mean. The same words name its folder; but how a run is evaluated may be said in
// other words than when it was trained, so that in the end its configuration decides.
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type CompleteTrainConfig, type TestConfig, testOnlyKeys } from "@dsbm/config";
import { RunError, runPaths } from "@dsbm/runs";
import { changesOf, freeKeys } from "../run/resume.js";
import { UsageError } from "../terminal/errors.js";

export type CompleteTestConfig = CompleteTrainConfig<TestConfig>;

/** Keys that say how a run is evaluated, and on what. */
const free: ReadonlySet<string> = new Set([...freeKeys, ...testOnlyKeys, "device"]);

/**
 * The folder of the run with this configuration: the one that its words name, or else the only one of its experiment
 * and seed that differs in nothing but how it is evaluated. Throws a UsageError that names the nearest run, or says
 * how to train one.
 */
export function findRun(
  config: CompleteTestConfig,
  named: string,
  words: readonly string[],
): string {
  const [overrides, seed] = [dirname(named), `${config.seed}`];
  const found = [
    ...new Set([named, ...foldersIn(dirname(overrides)).map((name) => join(name, seed))]),
  ].flatMap((folder) => {
    const changes = changesIn(folder, config, { asked: folder === named });
    return changes ? [{ folder, changes }] : [];
  });
  const same = found.filter(({ changes }) => changes.length === 0);
  const [first, second] = same;
  if (first?.folder === named || (first && !second)) return first.folder;
  if (second)
    throw new UsageError(
      `these words mean several runs: ${same.map(({ folder }) => folder).join(", ")}; give the words that one of them was trained with`,
    );
  const train = `npx dsbm train ${words.filter((word) => !isTestWord(word)).join(" ")}`.trimEnd();
  const [nearest] = found.toSorted((a, b) => a.changes.length - b.changes.length);
  throw new UsageError(
    nearest
      ? `there is no run of these words; the nearest is ${nearest.folder} (${shortened(nearest.changes)}): give its values, or train the other one with ${train}`
      : `there is no run of these words, ${named} is not there: train it with ${train}`,
  );
}

const isTestWord = (word: string) => testOnlyKeys.some((key) => word.startsWith(`${key}=`));

const shortened = (changes: readonly string[], most = 4) =>
  [
    ...changes.slice(0, most),
    ...(changes.length > most ? [`and ${changes.length - most} more`] : []),
  ].join("; ");

/** What differs between a run and a configuration; null where there is no run of the image trainer. */
function changesIn(
  folder: string,
  config: CompleteTestConfig,
  { asked }: { asked: boolean },
): string[] | null {
  const { run_json, config_json } = runPaths(folder);
  if (!existsSync(run_json) || !existsSync(config_json)) return null;
  try {
    return changesOf(folder, config, free);
  } catch (error) {
    // A neighbour that cannot be read is none of ours.
    if (asked || !(error instanceof RunError)) throw error;
    return null;
  }
}

function foldersIn(parent: string): string[] {
  if (!existsSync(parent)) return [];
  return readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(parent, name));
}

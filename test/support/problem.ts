// What the tests of experiments share: the configuration of some words, and evaluators of some data.
import { fileURLToPath } from "node:url";
import { type CompleteTrainConfig, completeTrain, gaussian, resolve, train } from "@dsbm/config";
import { presets } from "../../packages/app/config/src/presets-folder.js";
import { Evaluators } from "../../packages/app/evaluation/src/live/evaluate.js";
import { type Ends, loadEnds } from "../../packages/app/problem/src/datasets.js";
import { silentProgress } from "../../packages/app/runs/src/progress.js";

/** A path from the root of the repository. */
export const here = (path: string): string =>
  fileURLToPath(new URL(`../../${path}`, import.meta.url));

const completed =
  (experiment: typeof train) =>
  (...words: string[]): CompleteTrainConfig =>
    completeTrain(resolve(experiment, words, { dirs: [presets] }).members[0]!.config);

/** The complete configuration of the words of `dsbm train`. */
export const configured = completed(train);
/** … of `dsbm gaussian`. */
export const benchmarked = completed(gaussian);

/** Runs `fn` with the ends of a configuration, inside its lifetime. */
export async function withEnds<T>(
  config: CompleteTrainConfig,
  fn: (ends: Ends) => T | Promise<T>,
): Promise<T> {
  const ends = loadEnds(config);
  try {
    return await fn(ends);
  } finally {
    ends.dispose();
  }
}

/** The evaluators of some data. */
export async function openEvaluators(ends: Ends, config: CompleteTrainConfig): Promise<Evaluators> {
  const options = { progress: silentProgress, signal: undefined };
  return (await Evaluators.open(ends, config, options)) as Evaluators;
}

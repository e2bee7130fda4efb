// Shared by the tests of experiments: the configuration of some arguments, and metrics on some
// data.
import { fileURLToPath } from "node:url";
import { type CompleteTrainConfig, completeTrain, gaussian, resolve, train } from "@dsbm/config";
import { Bridge, type Trained } from "@dsbm/inference";
import { Clock, silentProgress } from "@dsbm/runs";
import { type Datasets, loadDatasets } from "../../packages/app/datasets/src/datasets.js";
import {
  MeasurementContext,
  type MeasureOptions,
} from "../../packages/app/evaluation/src/metric.js";
import { subjectOf } from "../../packages/app/evaluation/src/subject.js";
import { bridgeProcess } from "../../packages/app/problem/src/process.js";

/** A path from the root of the repository. */
export const repoPath = (path: string): string =>
  fileURLToPath(new URL(`../../${path}`, import.meta.url));

const completeConfig =
  (experiment: typeof train) =>
  (...words: string[]) =>
    completeTrain(resolve(experiment, words).members[0].config);

/** The complete configuration of the arguments of `dsbm train`. */
export const trainConfig = completeConfig(train);
/** … of `dsbm gaussian`. */
export const gaussianConfig = completeConfig(gaussian);

/** Runs `fn` with the ends of a configuration, inside its lifetime. */
export async function withEnds<T>(
  config: CompleteTrainConfig,
  fn: (ends: Datasets) => T | Promise<T>,
): Promise<T> {
  const ends = loadDatasets(config);
  try {
    return await fn(ends);
  } finally {
    ends.dispose();
  }
}

/** What metrics share on some data, with a bridge that has no networks. */
export function measuringOf(
  ends: Datasets,
  config: CompleteTrainConfig,
  options: Partial<MeasureOptions> = {},
): MeasurementContext {
  const trained = { ...bridgeProcess(config, ends.x1.moments), config, shape: ends.shape };
  const bridge = new Bridge(trained as Trained, { f: null, b: null }, { threads: 1 });
  return new MeasurementContext(subjectOf(bridge, ends), {
    n: config.test_npar,
    seed: config.seed,
    split: "test",
    exact: 2000,
    threads: 1,
    intervals: false,
    clock: new Clock(),
    progress: silentProgress,
    signal: undefined,
    ...options,
  });
}

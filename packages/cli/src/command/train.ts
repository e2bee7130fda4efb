// `dsbm train key=value … [-m]` and `dsbm gaussian key=value … [-m]`: a bridge between two sets of data, or a sweep of
// such runs. The Gaussian benchmark is a preset with keys of its own names.
import { type CompleteTrainConfig, gaussian, train } from "@dsbm/config";
import type { Row } from "@dsbm/runs";
import { shownRows } from "../evaluation/metrics.js";
import { type ExperimentCommand, type Runner, runExperiment } from "./experiment.js";

async function load(): Promise<Runner<CompleteTrainConfig>> {
  const { finishedRun, runTraining, runTrainingWorker } = await import("../run/run.js");
  return { finished: finishedRun, run: runTraining, runWorker: runTrainingWorker };
}

/** The newest evaluations of each direction, by the numbers of steps. */
export function newestRows(rows: readonly Row[]): Row[] {
  const newest = new Map<string, Row>();
  for (const row of rows) newest.set(`${row.direction} ${row.steps} ${row.sampler}`, row);
  return shownRows([...newest.values()]);
}

const common = {
  notes:
    "Where a run was stopped or killed, the same command goes on with it, from its newest whole checkpoint.",
  load,
  table: newestRows,
};

const commands: Record<"train" | "gaussian", ExperimentCommand<CompleteTrainConfig>> = {
  train: { ...common, experiment: train, usage: "[dataset=…] [method=…] [model=…] " },
  gaussian: { ...common, experiment: gaussian, usage: "" },
};

/** Run the commands; return the exit code. Throw ConfigError for overrides that cannot be. */
export const trainCommand = (args: string[]): Promise<number> =>
  runExperiment(commands.train, args);
export const gaussianCommand = (args: string[]): Promise<number> =>
  runExperiment(commands.gaussian, args);

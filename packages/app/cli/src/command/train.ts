import { gaussian, train } from "@dsbm/config";
import { type ExperimentCommand, type Runner, runExperiment } from "./experiment.js";

async function load(): Promise<Runner> {
  const { finishedRun, runTraining, runTrainingWorker } = await import("@dsbm/experiment");
  return {
    finished: (folder, { config }) => finishedRun(folder, config),
    run: ({ config }, options) => runTraining(config, options),
    runWorker: ({ config }, options) => runTrainingWorker(config, options),
  };
}

const common = {
  notes:
    "If a run was stopped or killed, the same command resumes from its newest whole checkpoint.",
  load,
};

const commands: Record<"train" | "gaussian", ExperimentCommand> = {
  train: { ...common, experiment: train, usage: "[dataset=…] [method=…] [model=…] " },
  gaussian: { ...common, experiment: gaussian, usage: "" },
};

/** Return the exit code. Throw ConfigError. */
export const trainCommand = (args: string[]): Promise<number> =>
  runExperiment(commands.train, args);
export const gaussianCommand = (args: string[]): Promise<number> =>
  runExperiment(commands.gaussian, args);

import type { CompleteTrainConfig, Member } from "@dsbm/config";
import type { RunOptions, WorkerOptions } from "@dsbm/experiment";

/** One run of a command line. */
export type Run = Member<CompleteTrainConfig>;

/** The functions of a command's runs. They load the engine: help and errors need none. */
export async function runnerOf(command: string) {
  if (command === "fit") {
    const { finishedFit, runFit, runFitWorker } = await import("@dsbm/fit");
    return { finished: finishedFit, run: runFit, runWorker: runFitWorker };
  }
  const { finishedRun, runTraining, runTrainingWorker } = await import("@dsbm/experiment");
  return {
    finished: (folder: string, { config }: Run) => finishedRun(folder, config),
    run: ({ config }: Run, options: RunOptions) => runTraining(config, options),
    runWorker: ({ config }: Run, options: WorkerOptions) => runTrainingWorker(config, options),
  };
}

/** The functions of a command's runs. */
export type Runner = Awaited<ReturnType<typeof runnerOf>>;

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type CompleteTrainConfig, writeYaml } from "@dsbm/config";
import { columnsFor } from "@dsbm/evaluation";
import {
  aboutPairs,
  checkBatch,
  growthNote,
  loadPairs,
  marginalsOf,
  openDatasets,
  threadsOf,
  trainingProblem,
} from "@dsbm/problem";
import {
  columnsFile,
  linkLatest,
  openRun,
  type Row,
  type RunWriter,
  readCsv,
  runPaths,
  toJson,
  version,
} from "@dsbm/runs";
import { setNumThreads } from "@dsbm/torch";
import { Training, withExecution } from "@dsbm/train";
import { runCourse } from "./course.js";
import { environment } from "./environment.js";
import { ExperimentRun } from "./experiment-run.js";
import type { RunOptions, WorkerOptions } from "./options.js";
import { checkRun, lengthened } from "./resume.js";

export interface RunResult {
  rows: Row[];
  state: "finished" | "interrupted";
}

/**
 * Trains and evaluates one configuration in its folder, and resumes an earlier run that is not
 * finished. Throws the errors of configuration, data, training and disk, and marks the run as failed.
 */
export async function runTraining(
  request: CompleteTrainConfig,
  options: RunOptions,
): Promise<RunResult> {
  const { folder, progress, signal, again = false } = options;
  const isThere = !again && existsSync(join(folder, "run.json"));
  const config = isThere ? lengthened(folder, request) : request;
  if (isThere) checkRun(folder, config, options.free);
  setNumThreads(threadsOf(config));
  const ends = await openDatasets(config, { progress, signal });
  const { n_ipf, half_iterations } = config;
  const facts = { ...options.begin, n_ipf, half_iterations };
  options.ranks?.tell({ facts, tensors: new Map() });
  let run: RunWriter | null = null;
  let work: ExperimentRun | null = null;
  try {
    checkBatch(config, ends);
    const pairs = await loadPairs(config, ends, { signal });
    const { columns, logged } = columnsFor({ ends, config });
    run = openRun({
      folder,
      dsbm: version,
      config,
      config_yaml: writeYaml(config),
      environment: environment(),
      columns,
      command: options.resume,
      mode: again ? "restart" : "continue",
    });
    run.saveFile(columnsFile, `${toJson(logged, { indent: 2 })}\n`);
    options.opened?.(run);
    linkLatest(config.paths.experiments_dir_name, folder);
    for (const end of marginalsOf(ends)) progress.line(end.about);
    if (pairs) progress.line(aboutPairs(config, pairs));
    const note = growthNote(config);
    if (note) progress.line(`warning: ${note}`);
    work = new ExperimentRun(config, options, ends, run, pairs);
    const state = await work.go();
    if (state === "finished") run.finish();
    else {
      run.interrupt("stopped by a signal");
      progress.line(`to resume: ${options.resume}`);
    }
    linkLatest(config.paths.experiments_dir_name, folder);
    return { rows: readCsv(run.paths.results_csv).rows, state };
  } catch (error) {
    const explained = work?.explained(error) ?? error;
    run?.fail(explained);
    throw explained;
  } finally {
    work?.dispose();
    ends.dispose();
  }
}

/** The part of a rank above 0, after rank 0 has begun in `folder`, which this rank may not see. */
export async function runTrainingWorker(
  request: CompleteTrainConfig,
  { folder, ranks, signal, progress, begin }: WorkerOptions,
): Promise<void> {
  const { n_ipf, half_iterations } = begin as Pick<
    CompleteTrainConfig,
    "n_ipf" | "half_iterations"
  >;
  const config = { ...request, n_ipf, half_iterations };
  setNumThreads(threadsOf(config));
  // Another machine has its own files.
  const ends = await openDatasets(config, { progress, signal });
  try {
    const pairs = await loadPairs(config, ends, { signal });
    const cacheFolder = runPaths(folder).cache;
    const problem = trainingProblem(config, ends, { cacheFolder, pairs });
    const training = new Training(withExecution(problem, { ranks }));
    try {
      await runCourse(training, null, { signal });
    } finally {
      training.dispose();
    }
  } finally {
    ends.dispose();
  }
}

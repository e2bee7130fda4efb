import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CompleteTrainConfig } from "@dsbm/config";
import { columnsFor } from "@dsbm/evaluation";
import {
  aboutPairs,
  checkBatch,
  growthNote,
  loadDatasets,
  loadPairs,
  marginalsOf,
  prepareDatasets,
  threadsOf,
  trainingProblem,
} from "@dsbm/problem";
import {
  checkFiles,
  linkLatest,
  type Row,
  type RunWriter,
  readCsv,
  readRun,
  runPaths,
  writeRunFile,
} from "@dsbm/runs";
import { setNumThreads } from "@dsbm/torch";
import { Training, withExecution } from "@dsbm/train";
import {
  type Extension,
  extended,
  extensionFile,
  lengthKeys,
  readExtension,
} from "./begin/extension.js";
import { checkSameConfig, finishedRows, freeKeys } from "./begin/resume.js";
import { checkTables } from "./columns.js";
import { runCourse } from "./course.js";
import { ExperimentRun } from "./experiment-run.js";
import { openRunOf } from "./open-run.js";
import type { RunOptions, WorkerOptions } from "./options.js";

export interface RunResult {
  rows: Row[];
}

/** Returns a finished run's evaluations, else null. */
export function finishedRun(folder: string, config: CompleteTrainConfig): RunResult | null {
  const extension = readExtension(folder);
  if (extension && !isOfLength(folder, extension)) return null;
  const rows = finishedRows(folder, extended(config, extension), freeKeys);
  return rows && { rows };
}

/** A run that stopped before this length is not finished. */
const isOfLength = (folder: string, extension: Extension): boolean => {
  const { config } = readRun(folder);
  return lengthKeys.every((key) => config[key] === extension[key]);
};

/**
 * Trains and evaluates one configuration in its folder, and resumes an earlier run. Throws the
 * errors of configuration, data, training and disk, and marks the run as failed.
 */
export async function runTraining(
  request: CompleteTrainConfig,
  options: RunOptions,
): Promise<RunResult & { state: "finished" | "interrupted" }> {
  const { folder, progress, signal, again = false } = options;
  const extension = options.extension ?? (again ? null : readExtension(folder));
  const config = extended(request, extension);
  if (!again && existsSync(join(folder, "run.json"))) {
    const free = new Set([...freeKeys, ...(options.free ?? []), ...(extension ? lengthKeys : [])]);
    // `dsbm extend` asks for more half-iterations, also after an early end.
    const isShort = options.extension || (extension && !isOfLength(folder, extension));
    const rows = isShort ? null : finishedRows(folder, config, free);
    if (rows) return { rows, state: "finished" };
    checkSameConfig(folder, config, free);
    checkFiles(folder);
    checkTables(folder);
  }
  setNumThreads(threadsOf(config));
  await prepareDatasets(config, { progress, signal });
  options.ranks?.tell({ facts: options.begin ?? {}, tensors: new Map() });
  const ends = loadDatasets(config);
  let run: RunWriter | null = null;
  let work: ExperimentRun | null = null;
  try {
    checkBatch(config, ends);
    const pairs = await loadPairs(config, ends, { signal });
    const mode = again ? "restart" : "continue";
    if (options.extension)
      writeRunFile(folder, extensionFile, `${JSON.stringify(options.extension, null, 2)}\n`);
    run = openRunOf(config, {
      folder,
      mode,
      command: options.resume,
      ...columnsFor({ ends, config }),
    });
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
  { folder, ranks, signal, progress }: WorkerOptions,
): Promise<void> {
  const config = extended(request, readExtension(folder));
  setNumThreads(threadsOf(config));
  // Another machine has its own files.
  await prepareDatasets(config, { progress, signal });
  const ends = loadDatasets(config);
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

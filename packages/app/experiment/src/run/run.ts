import { existsSync } from "node:fs";
import { join } from "node:path";
import { type CompleteTrainConfig, writeYaml } from "@dsbm/config";
import {
  aboutPairs,
  type Datasets,
  type DataWork,
  loadPairs,
  marginalsOf,
  openEncodedDatasets,
} from "@dsbm/datasets";
import { columnsFor } from "@dsbm/evaluation";
import { cautionsOf, checkBatch, threadsOf, trainingProblem } from "@dsbm/problem";
import {
  columnsFile,
  linkLatest,
  openRun,
  type Row,
  type RunRequest,
  type RunWriter,
  readCsv,
  runPaths,
  toJson,
  version,
} from "@dsbm/runs";
import { setNumThreads } from "@dsbm/torch";
import { type Ranks, Training, withExecution } from "@dsbm/train";
import type { TimePlan } from "../forecast/time-plan.js";
import { trainOnRanks } from "./driver.js";
import { checkEngine, engineChange, engineText, environment } from "./environment.js";
import { ExperimentRun } from "./experiment-run.js";
import { noteGrowth } from "./growth-note.js";
import { checkRun, longerConfig } from "./same-config.js";
import { warn } from "./warning.js";

/** How a run ended. */
export interface RunResult {
  /** Its evaluations. */
  rows: Row[];
  /** Whether a signal stopped it. */
  state: "finished" | "interrupted";
}

/**
 * Trains and evaluates one configuration in its folder, and resumes an unfinished run.
 * @throws the errors of configuration, data, training and disk, and marks the run as failed.
 */
export async function runTraining(
  request: CompleteTrainConfig,
  options: RunOptions,
): Promise<RunResult> {
  const { folder, progress, signal, again = false } = options;
  const isThere = !again && existsSync(join(folder, "run.json"));
  const config = isThere ? longerConfig(folder, request) : request;
  if (isThere) checkRun(folder, config, options.free);
  setNumThreads(threadsOf(config));
  progress.line(engineText());
  const work = { ...options, isResumed: isThere };
  const datasets = options.datasets ?? (await openEncodedDatasets(config, work));
  const { n_ipf, half_iterations } = config;
  const facts = { ...options.begin, n_ipf, half_iterations };
  options.ranks?.tell({ facts, tensors: new Map() });
  let run: RunWriter | null = null;
  let experiment: ExperimentRun | null = null;
  try {
    checkEngine(datasets);
    checkBatch(config, datasets);
    const change = isThere ? engineChange(folder) : null;
    const pairs = await loadPairs(config, datasets, { signal });
    const { columns, logged } = columnsFor({ datasets, config });
    run = openRun({
      folder,
      dsbm: version,
      config,
      config_yaml: writeYaml(config),
      environment: environment(),
      columns,
      command: options.resume,
      request: options.request ?? null,
      mode: again ? "restart" : "continue",
    });
    if (change) warn(change, { run, progress });
    run.saveFile(columnsFile, `${toJson(logged, { indent: 2 })}\n`);
    options.onOpen?.(run);
    linkLatest(config.paths.experiments_dir_name, folder);
    for (const end of marginalsOf(datasets)) progress.line(end.about);
    if (pairs) progress.line(aboutPairs(config, pairs));
    noteGrowth(config, datasets, { run, progress });
    for (const note of cautionsOf(config, datasets)) warn(note, { run, progress });
    experiment = new ExperimentRun(config, options, datasets, run, pairs);
    const state = await experiment.go();
    if (state === "finished") run.finish();
    else {
      run.interrupt("stopped by a signal");
      progress.line(`to resume: ${options.resume}`);
    }
    return { rows: readCsv(run.paths.results_csv).rows, state };
  } catch (error) {
    const explained = experiment?.explained(error) ?? error;
    run?.fail(explained);
    throw explained;
  } finally {
    experiment?.dispose();
    if (!options.datasets) datasets.dispose();
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
  const datasets = await openEncodedDatasets(config, { progress, signal, isResumed: false });
  try {
    const pairs = await loadPairs(config, datasets, { signal });
    const cacheFolder = runPaths(folder).cache;
    const problem = trainingProblem(config, datasets, { cacheFolder, pairs });
    const training = new Training(withExecution(problem, { ranks }));
    try {
      await trainOnRanks(training, null, { signal });
    } finally {
      training.dispose();
    }
  } finally {
    datasets.dispose();
  }
}

/** Where and how an experiment runs. */
export interface RunOptions extends DataWork {
  folder: string;
  /** The command line that resumes this run. */
  resume: string;
  /** This command with its arguments and overrides (default: unknown). */
  request?: RunRequest;
  /** Start over even if the folder holds a run. */
  again?: boolean;
  /** Processes that train together, with this process as rank 0; null: a single process. */
  ranks?: Ranks | null;
  /** Start of the run in seconds of performance.now() (default: now). */
  began?: number;
  /** Additional options that may change when a run resumes. */
  free?: readonly string[];
  /** The options that ranks above 0 need. */
  begin?: Record<string, unknown>;
  /** The data, which the caller disposes (default: they are loaded). */
  datasets?: Datasets | null;
  /** Plans the steps (default: as configured). */
  time?: TimePlan;
  onOpen?(run: RunWriter): void;
  /** Returns false if it was stopped. */
  trained?(run: RunWriter, datasets: Datasets, rows: readonly Row[]): Promise<boolean>;
}

/** Options of the ranks other than 0, which only train. */
export interface WorkerOptions extends Pick<RunOptions, "folder" | "progress" | "signal"> {
  ranks: Ranks;
  /** The message of rank 0 at the start. */
  begin: Record<string, unknown>;
}

import { existsSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import {
  type CompleteTrainConfig,
  ConfigError,
  freeProcessKeys,
  isTree,
  writeYaml,
} from "@dsbm/config";
import {
  aboutPairs,
  type Datasets,
  type DataWork,
  isVectors,
  loadPairs,
  marginalsOf,
  openEncodedDatasets,
} from "@dsbm/datasets";
import { columnsFor } from "@dsbm/evaluation";
import { cautionsOf, checkBatch, threadsOf, trainingProblem } from "@dsbm/problem";
import {
  checkFiles,
  columnsFile,
  type Environment,
  isFinished,
  linkLatest,
  openRun,
  type Row,
  type RunRequest,
  type RunWriter,
  readCsv,
  readRun,
  runPaths,
  toJson,
  version,
} from "@dsbm/runs";
import { engineInfo, setNumThreads } from "@dsbm/torch";
import { type Ranks, Training, withExecution } from "@dsbm/train";
import type { TimePlan } from "../forecast/time-plan.js";
import { checkTables } from "./columns.js";
import { trainOnRanks } from "./driver.js";
import { ExperimentRun } from "./experiment-run.js";
import { noteGrowth } from "./growth-note.js";
import { warn } from "./warning.js";

/** How a run ended. */
export interface RunResult {
  /** Its evaluations. */
  rows: Row[];
  /** Whether a signal stopped it. */
  state: "finished" | "interrupted";
}

/**
 * Trains and evaluates one configuration in its folder, and resumes an unfinished
 * run. Throws the errors of configuration, data, training and disk, and marks the run as failed.
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
  const datasets = options.datasets ?? (await openEncodedDatasets(config, options, isThere));
  const { n_ipf, half_iterations } = config;
  options.ranks?.tell({
    facts: { ...options.begin, n_ipf, half_iterations },
    tensors: new Map(),
  });
  let run: RunWriter | null = null;
  let work: ExperimentRun | null = null;
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
    work = new ExperimentRun(config, options, datasets, run, pairs);
    const state = await work.go();
    if (state === "finished") run.finish();
    else {
      run.interrupt("stopped by a signal");
      progress.line(`to resume: ${options.resume}`);
    }
    return { rows: readCsv(run.paths.results_csv).rows, state };
  } catch (error) {
    const explained = work?.explained(error) ?? error;
    run?.fail(explained);
    throw explained;
  } finally {
    work?.dispose();
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
  const datasets = await openEncodedDatasets(config, { progress, signal }, false);
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

/** The engine of a run, and what libtorch would bring to the portable one. */
function engineText(): string {
  const { engine, version, reason } = engineInfo();
  if (engine === "libtorch") return `engine: libtorch ${version}`;
  return `engine: portable (TypeScript and WebAssembly); libtorch is faster and adds images (${reason ?? "unset DSBM_ENGINE"})`;
}

/** What a change of the engine means for a run that continues; null if its engine stays. */
function engineChange(folder: string): string | null {
  const { engine: before } = readRun(folder).info.environment;
  const { engine } = environment();
  if (!before || before === engine) return null;
  return `the run began with the engine ${before} and continues with ${engine}: its weights agree with those of one engine to rounding, not bit for bit`;
}

/** Throws a ConfigError for images without libtorch. */
function checkEngine(datasets: Datasets): void {
  if (engineInfo().engine === "libtorch" || isVectors(datasets)) return;
  throw new ConfigError(
    `samples of shape [${datasets.shape.join(", ")}] are images, and images need libtorch: npm run setup installs it; the portable engine runs tables`,
  );
}

/** The versions and the machine of this process, for run.json. */
export function environment(): Environment {
  const info = engineInfo();
  return {
    node: process.versions.node,
    engine: info.engine,
    libtorch: info.engine === "libtorch" ? info.version : null,
    blas: info.blasThreads ?? "unknown",
    processor: cpus()[0]?.model.trim() ?? "unknown processor",
    cores: availableParallelism(),
    platform: process.platform,
    arch: process.arch,
  };
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

const freeKeys: readonly string[] = [
  "experiments_dir",
  "paths",
  "name",
  "threads",
  "log_every",
  "LOGGER",
  "wandb_id",
  "plot_level",
  "plot_npar",
  "plot_npar_path",
  "gif",
  "gif_stride",
  "metrics",
  "test_npar",
  "test_batch_size",
  "test_num_steps",
  "checkpoint_stride",
  "checkpoint_minutes",
  "keep_last",
  "autostart_next_it",
  ...freeProcessKeys,
];

const keysOf = (before: object, now: object): string[] => [
  ...new Set([...Object.keys(before), ...Object.keys(now)]),
];

/** Names of the keys whose values differ from the run's configuration, except `free` ones. Throws as readRun. */
export function changesOf(folder: string, config: object, free: ReadonlySet<string>): string[] {
  const before = readRun(folder).config;
  const now = config as Record<string, unknown>;
  return keysOf(before, now)
    .filter((key) => !free.has(key))
    .flatMap((key) => differences(key, before[key], now[key]));
}

/** Throws a ConfigError that lists the changes and says what to do. */
export function checkSameConfig(folder: string, config: object, free: ReadonlySet<string>): void {
  const changed = changesOf(folder, config, free);
  if (changed.length === 0) return;
  throw new ConfigError(
    `${folder} holds a run of another configuration (${changed.join("; ")}): run it with the old values, or add --again to start over`,
  );
}

/**
 * Keys that an older version did not have are null there: newer keys change nothing if they are
 * null.
 */
function differences(key: string, before: unknown = null, now: unknown = null): string[] {
  if (JSON.stringify(before) === JSON.stringify(now)) return [];
  if (isTree(before) && isTree(now))
    return keysOf(before, now).flatMap((name) =>
      differences(`${key}.${name}`, before[name], now[name]),
    );
  return [`${key} was ${JSON.stringify(before)} and is now ${JSON.stringify(now)}`];
}

/** The configuration with the length of the run in its folder, if `dsbm extend` made the run longer. */
function longerConfig(folder: string, config: CompleteTrainConfig): CompleteTrainConfig {
  const { n_ipf, half_iterations } = readRun(folder).config as Partial<CompleteTrainConfig>;
  return n_ipf && half_iterations && half_iterations > config.half_iterations
    ? { ...config, n_ipf, half_iterations }
    : config;
}

/** Throws if the run in `folder` has another configuration, or changed files. */
function checkRun(folder: string, config: CompleteTrainConfig, free: readonly string[] = []): void {
  checkSameConfig(folder, config, new Set([...freeKeys, ...free]));
  checkFiles(folder);
  checkTables(folder);
}

/** Returns the evaluations of a finished run, else null. Throws as checkRun. */
export function finishedRun(folder: string, config: CompleteTrainConfig): Row[] | null {
  if (!isFinished(folder)) return null;
  checkRun(folder, longerConfig(folder, config));
  return readRun(folder).results;
}

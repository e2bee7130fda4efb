// Finds and reads runs. run.json has version, state and times of a run; `latest` links the run that last began or ended.
import { existsSync, lstatSync, readlinkSync, realpathSync, statSync, symlinkSync } from "node:fs";
import { dirname, isAbsolute, join, relative } from "node:path";
import { errnoOf, fileError, firstOf, lockHolder, refuseLinks, stageFile } from "@dsbm/files";
import { z } from "zod";
import { listCheckpoints } from "../checkpoint/checkpoints.js";
import { RunError } from "../errors.js";
import {
  listOf,
  namesIn,
  readAs,
  readIfAs,
  readJsonLines,
  real,
  text,
  textOrNull,
} from "../files/json.js";
import { readCsv } from "../files/table.js";
import { checkFiles, type Direction, parseModelName, runPaths } from "./layout.js";

/** The format of run folders that this version writes and the newest that it reads. */
export const formatVersion = 1;

/** The states of a run. */
export const runStates = ["running", "interrupted", "failed", "finished"] as const;

/** The state of a run. */
export type RunState = (typeof runStates)[number];

type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** The command of a run before it becomes text: its `arguments` and its `overrides` by dotted keys. */
export interface RunRequest {
  /** "fit" */
  command: string;
  /** Files and folders. */
  arguments: string[];
  overrides: Record<string, JsonValue>;
}

const request = z.object({
  command: z.string(),
  arguments: z.array(z.string()),
  overrides: z.record(z.string(), z.custom<JsonValue>()),
});

/** run.json. Times are ISO 8601 in UTC. */
export const runInfo = z.object({
  format: z.number(),
  dsbm: text,
  state: z.enum(runStates),
  started: text,
  /** Times at which the run resumed. */
  resumed: listOf(z.string()),
  /** Seconds of the earlier processes, without the time between them. */
  spent: z.number().nonnegative().catch(0),
  ended: textOrNull,
  /** Why it stopped early, one line. */
  reason: textOrNull,
  /** Facts of the machine that a result may depend on; no host names. */
  environment: z.record(z.string(), z.union([z.string(), real, z.boolean(), z.null()])).catch({}),
  /** The command line that began the run, and resumes it; null if unknown. */
  command: textOrNull,
  /** `command` with its arguments and overrides; null in files of earlier versions, and for the library. */
  request: request.nullable().catch(null),
});

/**
 * The content of run.json: its `format`, the version of `dsbm`, the `state`, and when the run
 * `started` and `ended`.
 */
export type RunInfo = z.output<typeof runInfo>;

/** The machine and the software of a run. */
export type Environment = RunInfo["environment"];

/** Throws RunError "not_a_run", "newer_format" or "corrupt". */
export const readRunInfo = (path: string): RunInfo =>
  readAs(path, {
    newest: formatVersion,
    schema: runInfo,
    missing: "give the folder of a run",
    cure: "restore it, or delete the run folder and run again",
  });

/** A file of network weights in a run folder. */
export interface ModelFile {
  /** Counted from 1. */
  half_iteration: number;
  /** The direction of the network. */
  direction: Direction;
  /** A .safetensors file. */
  path: string;
}

/** Files are read when a field is asked for. Throws RunError "not_a_run", "newer_format", "corrupt" or a file error. */
export function readRun(folder: string) {
  const paths = runPaths(folder);
  const info = readState(folder);
  checkFiles(folder, ["config.json"]);
  return {
    paths,
    info,
    config: readIfAs(paths.config_json, z.record(z.string(), z.unknown())) ?? {},
    models: listModels(folder),
    get results() {
      return existsSync(paths.results_csv) ? readCsv(paths.results_csv).rows : [];
    },
    get metrics() {
      return existsSync(paths.metrics_jsonl) ? readJsonLines(paths.metrics_jsonl) : [];
    },
    /** Compares sizes of checkpoints, not contents. */
    get checkpoints() {
      return listCheckpoints(paths.checkpoints);
    },
  };
}

/** The model files of a run in order of half_iteration; [] without a run. */
export function listModels(folder: string): ModelFile[] {
  const { models } = runPaths(folder);
  return namesIn(models, (entry) => entry.isFile())
    .flatMap((file): ModelFile[] => {
      const model = parseModelName(file);
      return model ? [{ ...model, path: join(models, file) }] : [];
    })
    .sort((a, b) => a.half_iteration - b.half_iteration);
}

/** Returns false if the folder holds no run. Throws as readRun. */
export function isFinished(folder: string): boolean {
  const { run_json } = runPaths(folder);
  return existsSync(run_json) && readRunInfo(run_json).state === "finished";
}

/** The sorted folders of all runs below `root`, readable or not. */
export function listRuns(root: string): string[] {
  if (existsSync(join(root, "run.json"))) return [root];
  return namesIn(root, (entry) => entry.isDirectory()).flatMap((name) =>
    listRuns(join(root, name)),
  );
}

/** run.json. If it says "running" and no process holds the lock, its state is "interrupted". Throws as readRun. */
export function readState(folder: string): RunInfo {
  const { run_json, lock } = runPaths(folder);
  const info = readRunInfo(run_json);
  if (info.state !== "running" || lockHolder(lock) !== undefined) return info;
  return { ...info, state: "interrupted", reason: "the process ended without a message" };
}

const mostNames = 5;

function behindLink(path: string): string {
  const link = path.replace(/(?<=.)\/+$/, "");
  if (!lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) return path;
  const target = readlinkSync(link);
  return isAbsolute(target) ? target : join(dirname(link), target);
}

/**
 * The folder of the run that `path` names: itself, the only run below it, or with "latest" the run
 * below `experiments_dir` with the newest change. Throws RunError "not_a_run" if there are none or
 * several, and FileError "is_link" if the folder holds links.
 */
export function findRun(path: string, { experiments_dir = "experiments" } = {}): string {
  if (existsSync(join(path, "run.json"))) return withoutLinks(behindLink(path));
  const stat = statSync(path, { throwIfNoEntry: false });
  const isLatest = path === "latest" && stat === undefined;
  const root = isLatest ? experiments_dir : path;
  const refuse = (fault: string) => {
    throw new RunError("not_a_run", fault);
  };
  if (!isLatest && !stat?.isDirectory())
    refuse(`there is no folder ${path}: give the folder of a run, a folder above it, or "latest"`);
  const changed = (folder: string) => statSync(join(folder, "run.json")).mtimeMs;
  const runs = listRuns(root).sort((a, b) => changed(b) - changed(a));
  const [newest = refuse(`there is no run in ${root}: give a run folder, which holds run.json`)] =
    runs;
  if (runs.length > 1 && !isLatest) {
    refuse(
      `${root} holds ${runs.length} runs: give the folder of one run: ${firstOf(runs, mostNames)}`,
    );
  }
  return withoutLinks(newest);
}

function withoutLinks(folder: string): string {
  refuseLinks(folder);
  return folder;
}

/**
 * Points <experiments_dir>/latest at `folder`. Does nothing if the folder lies elsewhere, a file or
 * folder has this name, or the file system has no links. Throws FileError.
 */
export function linkLatest(experiments_dir: string, folder: string): void {
  const link = join(experiments_dir, "latest");
  if (!existsSync(experiments_dir) || !existsSync(folder)) return;
  try {
    const target = relative(realpathSync(experiments_dir), realpathSync(folder));
    if (target === "" || target.startsWith("..") || isAbsolute(target)) return;
    if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === false) return;
    const staged = stageFile(link);
    symlinkSync(target, staged.temporary, "dir");
    staged.commit();
  } catch (error) {
    if (/^(EPERM|ENOTSUP|ENOSYS|EINVAL)$/.test(errnoOf(error) ?? "")) return;
    throw fileError("link", link, error);
  }
}

// data.json: the tables of a run, and choices.json: the choices of `dsbm fit`.

const range = z.object({ min: z.number(), max: z.number() });

const end = z.object({
  path: z.string(),
  /** The group of the rows, if one file holds source and target. */
  group: z.string().nullable(),
  format: z.string(),
  rows: z.number(),
  train: z.number(),
  test: z.number(),
  /** Dropped rows with missing values. */
  dropped: z.number(),
});

const column = z.object({
  name: z.string(),
  source: range,
  target: range.nullable(),
  /** Whether all values are whole numbers. */
  whole: z.boolean(),
});

const transform = z.object({
  /** Whether every value was replaced by log(1 + x). */
  log1p: z.boolean(),
  standardise: z.enum(["columns", "global", "none"]),
  mean: z.array(z.number()),
  std: z.array(z.number().nonnegative()),
});

const conditioning = z.object({
  name: z.string(),
  classes: z.array(z.string()).nullable(),
  mean: z.number(),
  std: z.number(),
});

/** The schema of data.json. */
export const dataFile = z
  .object({
    source: end,
    target: end.nullable(),
    columns: z.array(column).min(1),
    kept: z.array(z.string()),
    transform,
    /** The condition column; null without one. */
    conditioning: conditioning.nullable(),
    warnings: listOf(z.string()),
    /** The SHA-256 of each table by its path. */
    files: z.record(z.string(), z.string()).catch({}),
  })
  .refine(({ columns, transform: { mean, std } }) =>
    [mean, std].every(({ length }) => length === columns.length),
  );

/**
 * The content of data.json: `source` and `target`, ranges of `columns`, `kept` columns, the
 * `transform` to network units, and `warnings`.
 */
export type DataFile = z.output<typeof dataFile>;

/**
 * The source or the target in data.json: `path` and `format` of its file, and its numbers of `rows`,
 * of `train` and of `test` rows.
 */
export type EndpointData = z.output<typeof end>;

/** The schema of an entry of choices.json. */
export const choice = z.object({
  key: z.string(),
  value: z.unknown(),
  reason: text,
  /** Whether the user gave it. */
  given: z.boolean().catch(false),
  /** Whether it only organises the run: reports skip it. */
  organising: z.boolean().optional(),
});

/** An option that `dsbm fit` chose: its `key`, its `value` and the `reason`. */
export type Choice = z.output<typeof choice>;

/** Returns null if the file is missing or has another form. Throws RunError "corrupt". */
export const readDataFile = (folder: string): DataFile | null =>
  readIfAs(join(folder, "data.json"), dataFile);

/** Returns [] if the file is missing. Throws RunError "corrupt" for invalid JSON. */
export const readChoiceList = (folder: string): Choice[] =>
  readIfAs(join(folder, "choices.json"), listOf(choice)) ?? [];

// Reads a run folder in any state: finished, running, killed in the middle of a line. A cut last
// record is left out. A folder of a newer format is an error that names the version.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { listCheckpoints } from "../checkpoint/read.js";
import { RunError } from "../errors.js";
import { readCsv } from "../files/csv.js";
import { readJson, readJsonLines } from "../files/json.js";
import { namesIn } from "../files/read.js";
import { checkFiles } from "./hashes.js";
import { type RunInfo, readRunInfo } from "./info.js";
import { type Direction, isPicture, parseModelName, type RunPaths, runPaths } from "./layout.js";
import { lockHolder } from "./lock.js";

export interface ModelFile {
  half_iteration: number;
  direction: Direction;
  path: string;
}

/** A run as found on disk. */
export type Run = ReturnType<typeof readRun>;

/** Reads a run folder. Throws RunError "not_a_run", "newer_format", "corrupt" or a file error. */
export function readRun(folder: string) {
  const paths = runPaths(folder);
  const info = readState(paths);
  checkFiles(folder, ["run.json", "config.json", "results.csv", "metrics.jsonl"]);
  const config = existsSync(paths.config_json) ? readJson(paths.config_json) : {};
  return {
    paths,
    /** run.json; its state is "interrupted" where it says "running" and no process holds the lock. */
    info,
    config: config as Record<string, unknown>,
    results: existsSync(paths.results_csv) ? readCsv(paths.results_csv).rows : [],
    metrics: existsSync(paths.metrics_jsonl) ? readMetrics(paths.metrics_jsonl) : [],
    /** Weights in order of half_iteration. */
    models: listModels(folder),
    /** Paths of pictures, sorted. */
    figures: listPictures(paths.figures),
    /** Paths of the pictures of evaluations, sorted. */
    samples: listPictures(paths.samples),
    /** Checkpoints by order; sizes are compared, contents are not. */
    checkpoints: listCheckpoints(paths.checkpoints),
  };
}

/** The weights of a run in order of half_iteration; none where there is no run. */
export function listModels(folder: string): ModelFile[] {
  const { models } = runPaths(folder);
  return namesIn(models, (entry) => entry.isFile())
    .flatMap((file): ModelFile[] => {
      const model = parseModelName(file);
      return model ? [{ ...model, path: join(models, file) }] : [];
    })
    .sort((a, b) => a.half_iteration - b.half_iteration);
}

/** Whether the run in `folder` is finished; false when there is none. Throws as readRun. */
export function isFinished(folder: string): boolean {
  const { run_json } = runPaths(folder);
  return existsSync(run_json) && readRunInfo(run_json).state === "finished";
}

/** One run of a listing: its state, or the problem that keeps it from being read. */
export type RunEntry =
  | { folder: string; info: RunInfo; problem: null }
  | { folder: string; info: null; problem: RunError };

/** All runs below `root`, sorted by folder; unreadable ones are listed with their problem. */
export function listRuns(root: string): RunEntry[] {
  if (!existsSync(join(root, "run.json")))
    return namesIn(root, (entry) => entry.isDirectory()).flatMap((folder) =>
      listRuns(join(root, folder)),
    );
  try {
    return [{ folder: root, info: readState(runPaths(root)), problem: null }];
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return [{ folder: root, info: null, problem: error }];
  }
}

/** Reads metrics.jsonl; a cut last line is left out. Throws RunError. */
export const readMetrics = readJsonLines;

function readState(paths: RunPaths): RunInfo {
  const info = readRunInfo(paths.run_json);
  if (info.state !== "running" || lockHolder(paths.lock) !== undefined) return info;
  return { ...info, state: "interrupted", reason: "the process ended without a message" };
}

function listPictures(folder: string): string[] {
  const names = namesIn(folder, (entry) => entry.isFile() && isPicture(entry.name));
  return names.map((name) => join(folder, name));
}

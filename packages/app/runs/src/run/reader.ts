import { existsSync } from "node:fs";
import { join } from "node:path";
import { lockHolder } from "@dsbm/files";
import { z } from "zod";
import { listCheckpoints } from "../checkpoint/read.js";
import { readCsv } from "../files/csv.js";
import { readIfAs, readJsonLines } from "../files/json.js";
import { namesIn } from "../files/read.js";
import { checkFiles } from "./hashes.js";
import { type RunInfo, readRunInfo } from "./info.js";
import { type Direction, parseModelName, runPaths } from "./layout.js";

/** A file of network weights in a run folder. */
export interface ModelFile {
  /** Counted from 1. */
  half_iteration: number;
  /** The direction of the network. */
  direction: Direction;
  /** A .safetensors file. */
  path: string;
}

/** Throws RunError "not_a_run", "newer_format", "corrupt" or a file error. */
export function readRun(folder: string) {
  const paths = runPaths(folder);
  const info = readState(folder);
  checkFiles(folder, ["config.json"]);
  return {
    paths,
    info,
    config: readIfAs(paths.config_json, z.record(z.string(), z.unknown())) ?? {},
    results: existsSync(paths.results_csv) ? readCsv(paths.results_csv).rows : [],
    metrics: existsSync(paths.metrics_jsonl) ? readJsonLines(paths.metrics_jsonl) : [],
    models: listModels(folder),
    /** Compares sizes of checkpoints, not contents. */
    checkpoints: listCheckpoints(paths.checkpoints),
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

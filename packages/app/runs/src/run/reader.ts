// Finds and reads runs; `latest` links the run that last began or ended.
import { existsSync, lstatSync, readlinkSync, realpathSync, statSync, symlinkSync } from "node:fs";
import { dirname, isAbsolute, join, relative } from "node:path";
import { errnoOf, fileError, firstOf, lockHolder, refuseLinks, stageFile } from "@dsbm/files";
import { z } from "zod";
import { listCheckpoints } from "../checkpoint/checkpoints.js";
import { RunError } from "../errors.js";
import { namesIn, readIfAs, readJsonLines } from "../files/json.js";
import { readCsv } from "../files/table.js";
import { checkFiles } from "./checksums.js";
import { type Direction, parseModelName, runPaths } from "./layout.js";
import { type RunInfo, readRunInfo } from "./run-info.js";

/** A file of network weights in a run folder. */
export interface ModelFile {
  /** Counted from 1. */
  half_iteration: number;
  /** The direction of the network. */
  direction: Direction;
  /** A .safetensors file. */
  path: string;
}

/**
 * Files are read when a field is asked for.
 * @throws {RunError} "not_a_run", "newer_format", "corrupt" or a file error.
 */
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
      if (!existsSync(paths.results_csv)) return [];
      checkFiles(folder, ["results.csv"]);
      return readCsv(paths.results_csv).rows;
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

/**
 * Returns false if the folder holds no run.
 * @throws as readRun.
 */
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

/**
 * run.json. If it says "running" and no process holds the lock, its state is "interrupted".
 * @throws as readRun.
 */
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
 * The folder of the run that `path` names: itself, the only run below it, or with "latest" the run below
 * `experiments_dir` with the newest change.
 * @throws {RunError} "not_a_run" if there are none or several, and FileError "is_link" if the folder holds links.
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
 * Points <experiments_dir>/latest at `folder`. Does nothing if the folder lies elsewhere, a file or folder has this
 * name, or the file system has no links.
 * @throws {FileError}
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

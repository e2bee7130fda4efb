import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  type AppendFile,
  acquireLock,
  type FileData,
  type Lock,
  lostLock,
  makeFolder,
  openAppendFile,
  refuseLinks,
  removeFolder,
  sweepTemporaries,
  UserError,
  writeFileAtomic,
} from "@dsbm/files";
import { movePath, namesIn, readJsonLines, removeFiles, toJson, writeJson } from "../files/json.js";
import { type CsvWriter, formatCsv, openCsv, type Row, readCsv } from "../files/table.js";
import { addChecksum, dropChecksum, writeRunFile } from "./checksums.js";
import { isRunEntry, parseModelName, type RunPaths, runPaths } from "./layout.js";
import {
  type Environment,
  formatVersion,
  type RunInfo,
  type RunRequest,
  readRunInfo,
} from "./run-info.js";
import { appendWarning } from "./warnings.js";

const resultsFile = "results.csv";

/** Options of `openRun`. */
export interface OpenRunOptions {
  /** Created if it is missing. */
  folder: string;
  /** The version that writes. */
  dsbm: string;
  /** The resolved configuration, for config.json. */
  config: object;
  /** config.yaml; without it config.yaml holds the JSON, which is YAML. */
  config_yaml?: string;
  /** Columns of results.csv. */
  columns: readonly string[];
  /** Facts of the machine, without host names. */
  environment?: Environment;
  /** The command line that resumes the run, kept in run.json. */
  command?: string;
  /** This command with its arguments and overrides. */
  request?: RunRequest | null;
  /** "continue" (default) keeps existing files, "restart" moves them into `previous`. */
  mode?: "continue" | "restart";
}

/**
 * Opens a run folder for writing, makes it if needed and sets its state to "running".
 * @throws {FileError} "locked" if another run is writing there and "is_link" for links in the folder, RunError
 * "newer_format", or a file error.
 */
export function openRun(options: OpenRunOptions): RunWriter {
  const { folder, dsbm, config, columns, environment = {}, mode = "continue" } = options;
  const paths = runPaths(folder);
  makeFolder(folder);
  refuseLinks(folder);
  const lock = acquireLock(paths.lock);
  try {
    const earlier = existsSync(paths.run_json) ? readRunInfo(paths.run_json) : undefined;
    const spent = earlier ? secondsOf(earlier, paths) : 0;
    sweepTemporaries(folder, { deep: true });
    if (mode === "restart") setAside(paths);
    const json = `${toJson(config, { indent: 2 })}\n`;
    writeRunFile(folder, "config.json", json);
    writeRunFile(folder, "config.yaml", options.config_yaml ?? json);
    dropChecksum(folder, resultsFile);
    const now = new Date().toISOString();
    const before = mode === "continue" ? earlier : undefined;
    const info: RunInfo = {
      format: formatVersion,
      dsbm,
      state: "running",
      started: before?.started ?? now,
      resumed: before ? [...before.resumed, now] : [],
      spent: before ? spent : 0,
      ended: null,
      reason: null,
      environment,
      command: options.command ?? null,
      request: options.request ?? null,
    };
    const results = openCsv(paths.results_csv, columns);
    const metrics = openAppendFile(paths.metrics_jsonl);
    try {
      writeJson(paths.run_json, info);
    } catch (error) {
      results.close();
      metrics.close();
      throw error;
    }
    return new RunWriter(paths, { info, lock, results, metrics });
  } catch (error) {
    lock.release();
    throw error;
  }
}

function secondsOf({ started, resumed, ended, spent }: RunInfo, paths: RunPaths): number {
  const files = [paths.run_json, paths.metrics_jsonl, paths.results_csv];
  const times = files.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  const until = ended ? Date.parse(ended) : Math.max(...times);
  const last = (until - Date.parse(resumed.at(-1) ?? started)) / 1000;
  return spent + Math.max(last || 0, 0);
}

export type { RunWriter };

/** What a run writes to while it is open. */
interface OpenFiles {
  info: RunInfo;
  lock: Lock;
  results: CsvWriter;
  metrics: AppendFile;
}

/** An open run. Every method throws FileError if the disk refuses, or if the lock was lost. */
class RunWriter {
  /** Paths of all files of the run. */
  readonly paths: RunPaths;
  readonly #lock: Lock;
  #info: RunInfo;
  #results: CsvWriter;
  #metrics: AppendFile;

  constructor(paths: RunPaths, { info, lock, results, metrics }: OpenFiles) {
    this.paths = paths;
    this.#info = info;
    this.#lock = lock;
    this.#results = results;
    this.#metrics = metrics;
  }

  /** The content of run.json. */
  get info(): Readonly<RunInfo> {
    return this.#info;
  }

  /** Appends a row with every column to results.csv and flushes it. */
  appendResult(row: Row): void {
    this.#results.append(row);
    this.flush();
    this.#lock.refresh();
  }

  /** Appends a line to metrics.jsonl. */
  appendMetric(metric: object): void {
    this.#metrics.append(`${toJson(metric)}\n`);
    this.#lock.refresh();
  }

  /** Adds a line to warnings.jsonl, which the report shows. */
  addWarning(text: string): void {
    this.#checkLock();
    appendWarning(this.paths.folder, text);
  }

  /** Writes a file under the run folder (a relative path), atomically. Returns its path. */
  saveFile(name: string, data: FileData): string {
    this.#checkLock();
    const path = writeRunFile(this.paths.folder, name, data);
    this.#lock.refresh();
    return path;
  }

  #checkLock(): void {
    if (this.#info.state === "running" && !this.#lock.isHeld()) throw lostLock(this.paths.lock);
  }

  /**
   * Removes results, metrics and models after a step of a half-iteration. Keeps rows without these
   * numbers.
   */
  rewindTo(point: { half_iteration: number; step: number }): void {
    const isAfter = ({ half_iteration: n, step }: Record<string, unknown>): boolean => {
      if (typeof n !== "number") return false;
      if (n !== point.half_iteration) return n > point.half_iteration;
      return typeof step === "number" && step > point.step;
    };
    const { results_csv, metrics_jsonl, models } = this.paths;
    this.#results.close();
    const table = readCsv(results_csv);
    const rows = table.rows.filter((row) => !isAfter(row));
    writeFileAtomic(results_csv, formatCsv({ ...table, rows }));
    this.#results = openCsv(results_csv, this.#results.columns);
    this.#metrics.close();
    const kept = readJsonLines(metrics_jsonl).filter((metric) => !isAfter(metric));
    writeFileAtomic(metrics_jsonl, kept.map((metric) => `${toJson(metric)}\n`).join(""));
    this.#metrics = openAppendFile(metrics_jsonl);
    removeFiles(models, (file) => isAfter({ ...parseModelName(file) }));
    this.flush();
  }

  /** Writes results and metrics to the disk. */
  flush(): void {
    this.#checkLock();
    this.#results.flush();
    this.#metrics.flush();
  }

  /**
   * Ends the run: state "finished".
   * @throws {FileError} if another process has taken the run's lock.
   */
  finish(): void {
    if (this.#info.state === "running" && !this.#end("finished", null))
      throw lostLock(this.paths.lock);
  }

  /** Ends the run early; it can resume: state "interrupted". */
  interrupt(reason: string): void {
    this.#end("interrupted", reason);
  }

  /**
   * Ends the run on an error: state "failed". The reason is the message of a UserError, with the class in front for any
   * other error, a bug. An AbortError interrupts the run.
   */
  fail(reason: unknown): void {
    const text = reason instanceof UserError ? reason.message : String(reason);
    if (reason instanceof Error && reason.name === "AbortError")
      this.interrupt("stopped by a signal");
    else this.#end("failed", text.replace(/\s*\n\s*/g, " "));
  }

  #end(state: RunInfo["state"], reason: string | null): boolean {
    if (this.#info.state !== "running") return true;
    try {
      this.#results.close();
      this.#metrics.close();
      if (this.#lock.isHeld()) addChecksum(this.paths.folder, resultsFile);
      this.#info = { ...this.#info, state, reason, ended: new Date().toISOString() };
      if (!this.#lock.isHeld()) return false;
      writeJson(this.paths.run_json, this.#info);
      return true;
    } finally {
      this.#lock.release();
    }
  }
}

/**
 * Moves a run, and nothing else of its folder, into `previous`, which holds one run with weights.
 * Checkpoints go first, so that a kill leaves the state of an interrupted run.
 */
function setAside({ folder, previous, cache }: RunPaths): void {
  const names = namesIn(folder, ({ name }) => isRunEntry(name));
  const weights = names.filter((name) => name === "checkpoints" || name === "models");
  if (weights.some((name) => existsSync(join(previous, name)))) removeFolder(previous);
  for (const name of new Set([...weights, ...names])) {
    const to = join(previous, name);
    if (existsSync(to)) removeFolder(join(folder, name));
    else movePath(join(folder, name), to);
  }
  removeFiles(cache, (file) => /^[^.].*\.(npy|json)$/.test(file));
}

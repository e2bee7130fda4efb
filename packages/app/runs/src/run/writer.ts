// Writes into a run folder: holds the lock, keeps run.json up to date, and appends rows and metrics so
// that a reader finds whole records at any time, also after a crash.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { isSavedPoint, removeFolder, restoreReplaced } from "../checkpoint/folder.js";
import { listCheckpoints } from "../checkpoint/read.js";
import { RunError } from "../errors.js";
import { type LineWriter, openLineWriter } from "../files/append.js";
import { type CsvWriter, formatCsv, openCsv, type Row, readCsv } from "../files/csv.js";
import { toJson, writeJsonLines } from "../files/json.js";
import { removeFiles } from "../files/read.js";
import { sweepTemporaries } from "../files/temporaries.js";
import { type FileData, makeFolder, writeFileAtomic } from "../files/write.js";
import { compact, GrowingHash, manifestFile, writeRunFile } from "./hashes.js";
import { type Environment, formatVersion, type RunInfo, readRunInfo } from "./info.js";
import { isPicture, isPoints, parseModelName, type RunPaths, runPaths } from "./layout.js";
import { acquireLock, type Lock, lost } from "./lock.js";
import { readMetrics } from "./reader.js";

export interface OpenRunOptions {
  /** The run folder, see runFolder. */
  folder: string;
  /** Version of dsbm, kept in run.json. */
  dsbm: string;
  /** The resolved configuration, for config.json. */
  config: object;
  /** The same as YAML text, for config.yaml; without it config.yaml holds the JSON, which is YAML. */
  config_yaml?: string;
  /** The columns of results.csv. */
  columns: readonly string[];
  /** Facts of the machine, without host names. */
  environment?: Environment;
  /** The command line that goes on with the run, kept in run.json. */
  command?: string;
  /** "continue" (default) keeps what is there, "restart" deletes what an earlier run wrote. */
  mode?: "continue" | "restart";
}

/**
 * Opens a run folder for writing, makes it where needed and sets its state to "running".
 * Throws RunError "locked" when another run is writing there, "newer_format", or a file error.
 */
export function openRun(options: OpenRunOptions): RunWriter {
  const { folder, dsbm, config, columns, environment = {}, mode = "continue" } = options;
  const { command = null } = options;
  const paths = runPaths(folder);
  makeFolder(folder);
  const lock = acquireLock(paths.lock);
  try {
    const earlier = existsSync(paths.run_json) ? readRunInfo(paths.run_json) : undefined;
    const spent = earlier ? secondsOf(earlier, paths) : 0;
    sweepTemporaries(folder);
    if (mode === "restart") clearRun(paths);
    compact(folder);
    const json = `${toJson(config, { indent: 2 })}\n`;
    writeRunFile(folder, "config.json", json);
    writeRunFile(folder, "config.yaml", options.config_yaml ?? json);
    const results = openCsv(paths.results_csv, columns);
    const metrics = openLineWriter(paths.metrics_jsonl);
    const now = new Date().toISOString();
    const resumes = earlier !== undefined && mode === "continue";
    const info: RunInfo = {
      format: formatVersion,
      dsbm,
      state: "running",
      started: resumes ? earlier.started : now,
      resumed: resumes ? [...earlier.resumed, now] : [],
      spent: resumes ? spent : 0,
      ended: null,
      reason: null,
      environment,
      command,
    };
    writeInfo(folder, info);
    return new RunWriter(paths, info, lock, results, metrics);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Seconds of the processes of a run so far; one that was killed lived until its newest file at least. */
function secondsOf({ started, resumed, ended, spent }: RunInfo, paths: RunPaths): number {
  const files = [paths.run_json, paths.metrics_jsonl, paths.results_csv].filter((path) =>
    existsSync(path),
  );
  const until = ended
    ? Date.parse(ended)
    : Math.max(...files.map((path) => statSync(path).mtimeMs));
  const last = (until - Date.parse(resumed.at(-1) ?? started)) / 1000;
  return (Number.isFinite(spent) ? spent : 0) + Math.max(last, 0);
}

const writeInfo = (folder: string, info: RunInfo): string =>
  writeRunFile(folder, "run.json", `${toJson(info, { indent: 2 })}\n`);

const growing = ["results.csv", "metrics.jsonl", "log.txt"] as const;

export type { RunWriter };

/** An open run. Every method throws RunError when the disk refuses, or when the lock was lost. */
class RunWriter {
  constructor(
    readonly paths: RunPaths,
    readonly info: Readonly<RunInfo>,
    private readonly lock: Lock,
    private results: CsvWriter,
    private metrics: LineWriter,
  ) {
    this.hashes = growing.map((file) => new GrowingHash(paths.folder, file));
  }

  private readonly hashes: readonly GrowingHash[];

  /** Appends a row to results.csv and flushes it; every column must be given. */
  appendResult(row: Row): void {
    this.results.append(row);
    this.flush();
    this.lock.refresh();
  }

  /** Appends an object to metrics.jsonl. */
  appendMetric(metric: object): void {
    this.metrics.append(toJson(metric));
    this.lock.refresh();
  }

  /** Writes a file under the run folder (a relative path), atomically. Returns its path. */
  saveFile(name: string, data: FileData): string {
    if (name === "" || name.startsWith("/") || name.split(/[/\\]/).includes("..")) {
      throw new RunError("bad_argument", `file "${name}" is not a path inside the run folder`);
    }
    this.checkLock();
    const path = writeRunFile(this.paths.folder, name, data);
    this.lock.refresh();
    return path;
  }

  /** A folder that was deleted must not come back with a file alone in it. */
  private checkLock(): void {
    if (this.info.state === "running" && !this.lock.isOurs()) throw lost(this.paths.lock);
  }

  /**
   * Removes results and metrics after a step, and the models of later half-iterations: rows of a later
   * half_iteration, or of this one and a later step. Rows without those numbers stay.
   */
  rewindTo(point: { half_iteration: number; step: number }): void {
    const isAfter = ({ half_iteration: n, step }: Record<string, unknown>): boolean => {
      if (typeof n !== "number") return false;
      if (n !== point.half_iteration) return n > point.half_iteration;
      return typeof step === "number" && step > point.step;
    };
    const { results_csv, metrics_jsonl, models } = this.paths;
    for (const hash of this.hashes) hash.restart();
    this.results.close();
    const table = readCsv(results_csv);
    const rows = table.rows.filter((row) => !isAfter(row));
    writeFileAtomic(results_csv, formatCsv({ ...table, rows }));
    this.results = openCsv(results_csv, this.results.columns);
    this.metrics.close();
    const kept = readMetrics(metrics_jsonl).filter((metric) => !isAfter(metric));
    writeJsonLines(metrics_jsonl, kept);
    this.metrics = openLineWriter(metrics_jsonl);
    removeFiles(models, (file) => isAfter({ ...parseModelName(file) }));
    this.flush();
  }

  /** Forces rows and metrics onto the disk, and records their hashes. */
  flush(): void {
    this.checkLock();
    this.results.flush();
    this.metrics.flush();
    for (const hash of this.hashes) hash.record();
  }

  /** Ends the run: state "finished". */
  finish(): void {
    if (this.info.state === "running" && !this.end("finished", null)) throw lost(this.paths.lock);
  }

  /** Ends the run early, to be continued: state "interrupted". */
  interrupt(reason: string): void {
    this.end("interrupted", reason);
  }

  /** Ends the run on an error: state "failed"; an Error gives its message. */
  fail(reason: unknown): void {
    const text = reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
    this.end("failed", text.replace(/\s*\n\s*/g, " "));
  }

  /**
   * Writes the rows first, then the state, and gives the lock back; later calls do nothing. Returns false, with the
   * state not written, where the folder was deleted or belongs to another run by now.
   */
  private end(state: RunInfo["state"], reason: string | null): boolean {
    if (this.info.state !== "running") return true;
    try {
      this.results.close();
      this.metrics.close();
      Object.assign(this.info, { state, reason, ended: new Date().toISOString() });
      if (!this.lock.isOurs()) return false;
      for (const hash of this.hashes) hash.record();
      writeInfo(this.paths.folder, this.info);
      return true;
    } finally {
      this.lock.release();
    }
  }
}

/**
 * Deletes what a run writes and nothing else. Checkpoints go first and the newest first, so that a
 * kill in between leaves what an interrupted run could have left.
 */
function clearRun(paths: RunPaths): void {
  const { checkpoints } = paths;
  if (existsSync(checkpoints)) restoreReplaced(checkpoints);
  for (const { id } of listCheckpoints(checkpoints).reverse()) {
    const point = join(checkpoints, id);
    if (isSavedPoint(point)) removeFolder(checkpoints, point);
  }
  const names = [
    ...["run.json", "results.csv", "metrics.jsonl", "spectrum.csv", "report.html"],
    ...[manifestFile, "log.txt", "traj.npy", "traj_100.npy"],
  ];
  removeFiles(paths.folder, (name) => names.includes(name));
  removeFiles(paths.models, (file) => parseModelName(file) !== undefined);
  removeFiles(paths.figures, isPicture);
  removeFiles(paths.samples, (file) => isPicture(file) || isPoints(file));
  removeFiles(paths.cache, (file) => /^[^.].*\.(npy|json)$/.test(file));
}

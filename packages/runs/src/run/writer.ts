// The one hand that writes into a run folder: it holds the lock, keeps run.json true, and appends
// rows and metrics so that a reader beside it, or after a crash, always finds whole records.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isSavedPoint, removeFolder, restoreReplaced } from "../checkpoint/folder.js";
import { listCheckpoints } from "../checkpoint/read.js";
import { fileError, RunError } from "../errors.js";
import { type LineWriter, openLineWriter } from "../files/append.js";
import { type CsvWriter, formatCsv, openCsv, type Row, readCsv } from "../files/csv.js";
import { toJson, writeJson, writeJsonLines } from "../files/json.js";
import { sweepTemporaries } from "../files/temporaries.js";
import { type FileData, makeFolder, writeFileAtomic } from "../files/write.js";
import { type Environment, formatVersion, type RunInfo, readRunInfo } from "./info.js";
import { isPicture, parseModelName, type RunPaths, runPaths } from "./layout.js";
import { acquireLock, type Lock } from "./lock.js";
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
  /** "continue" (default) keeps what is there, "restart" deletes what an earlier run wrote. */
  mode?: "continue" | "restart";
}

/** An open run. Every method throws RunError when the disk refuses. */
export interface RunWriter {
  readonly paths: RunPaths;
  readonly info: Readonly<RunInfo>;
  /** Appends a row to results.csv and flushes it; every column must be given. */
  appendResult(row: Row): void;
  /** Appends an object to metrics.jsonl. */
  appendMetric(metric: object): void;
  /** Writes <name>.json in the run folder, atomically. Returns its path. */
  saveJson(name: string, value: unknown): string;
  /** Writes a file under the run folder (a relative path), atomically. Returns its path. */
  saveFile(name: string, data: FileData): string;
  /** Forgets results, metrics and models from `half_iteration` on, before they are made again. */
  rewind(half_iteration: number): void;
  /**
   * Forgets results and metrics after a step, and the models of later half-iterations: rows of a later
   * half_iteration, or of this one and a later step. Rows without those numbers stay.
   */
  rewindTo(point: { half_iteration: number; step: number }): void;
  /** Forces rows and metrics onto the disk. */
  flush(): void;
  /** Ends the run well: state "finished". */
  finish(): void;
  /** Ends the run early, to be continued: state "interrupted". */
  interrupt(reason: string): void;
  /** Ends the run on an error: state "failed"; an Error gives its message. */
  fail(reason: unknown): void;
}

/**
 * Opens a run folder for writing, makes it where needed and sets its state to "running".
 * Throws RunError "locked" when another run is live there, "newer_format", or a file error.
 */
export function openRun(options: OpenRunOptions): RunWriter {
  const { folder, dsbm, config, columns, environment = {}, mode = "continue" } = options;
  const paths = runPaths(folder);
  makeFolder(folder);
  const lock = acquireLock(paths.lock);
  try {
    const earlier = existsSync(paths.run_json) ? readRunInfo(paths.run_json) : undefined;
    sweepTemporaries(folder);
    if (mode === "restart") clearRun(paths);
    const json = `${toJson(config, { indent: 2 })}\n`;
    writeFileAtomic(paths.config_json, json);
    writeFileAtomic(paths.config_yaml, options.config_yaml ?? json);
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
      ended: null,
      reason: null,
      environment,
    };
    writeJson(paths.run_json, info);
    return new OpenRun(paths, info, lock, results, metrics);
  } catch (error) {
    lock.release();
    throw error;
  }
}

class OpenRun implements RunWriter {
  constructor(
    readonly paths: RunPaths,
    readonly info: RunInfo,
    private readonly lock: Lock,
    private results: CsvWriter,
    private metrics: LineWriter,
  ) {}

  appendResult(row: Row): void {
    this.results.append(row);
    this.results.flush();
    this.lock.refresh();
  }

  appendMetric(metric: object): void {
    this.metrics.append(toJson(metric));
    this.lock.refresh();
  }

  saveJson(name: string, value: unknown): string {
    return this.saveFile(`${name}.json`, `${toJson(value, { indent: 2 })}\n`);
  }

  saveFile(name: string, data: FileData): string {
    if (name === "" || name.startsWith("/") || name.split(/[/\\]/).includes("..")) {
      throw new RunError("bad_argument", `file "${name}" is not a path inside the run folder`);
    }
    const path = join(this.paths.folder, name);
    writeFileAtomic(path, data);
    this.lock.refresh();
    return path;
  }

  rewind(half_iteration: number): void {
    this.forget(({ half_iteration: n }) => typeof n === "number" && n >= half_iteration);
  }

  rewindTo(point: { half_iteration: number; step: number }): void {
    this.forget(({ half_iteration: n, step }) => {
      if (typeof n !== "number") return false;
      if (n !== point.half_iteration) return n > point.half_iteration;
      return typeof step === "number" && step > point.step;
    });
  }

  /** Removes rows, metrics and models; logs are written anew as whole files. */
  private forget(isAfter: (row: Record<string, unknown>) => boolean): void {
    const { results_csv, metrics_jsonl, models } = this.paths;
    this.results.close();
    const table = readCsv(results_csv);
    const rows = table.rows.filter((row) => !isAfter(row));
    writeFileAtomic(results_csv, formatCsv({ ...table, rows }));
    this.results = openCsv(results_csv, this.results.columns);
    this.metrics.close();
    const kept = readMetrics(metrics_jsonl).filter((metric) => !isAfter(metric));
    writeJsonLines(metrics_jsonl, kept);
    this.metrics = openLineWriter(metrics_jsonl);
    removeFiles(models, (file) => {
      const model = parseModelName(file);
      return model !== undefined && isAfter({ half_iteration: model.half_iteration });
    });
  }

  flush(): void {
    this.results.flush();
    this.metrics.flush();
  }

  finish(): void {
    this.end("finished", null);
  }

  interrupt(reason: string): void {
    this.end("interrupted", reason);
  }

  fail(reason: unknown): void {
    const text = reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
    this.end("failed", text.replace(/\s*\n\s*/g, " "));
  }

  /** Rows first, the state after them, the lock last; the first end counts. */
  private end(state: RunInfo["state"], reason: string | null): void {
    if (this.info.state !== "running") return;
    try {
      this.results.close();
      this.metrics.close();
      Object.assign(this.info, { state, reason, ended: new Date().toISOString() });
      writeJson(this.paths.run_json, this.info);
    } finally {
      this.lock.release();
    }
  }
}

/**
 * Deletes what a run writes and nothing else. Saved points go first and the newest first, so that a
 * kill in between leaves what an interrupted run could have left.
 */
function clearRun(paths: RunPaths): void {
  const { checkpoints } = paths;
  if (existsSync(checkpoints)) restoreReplaced(checkpoints);
  for (const { id } of listCheckpoints(checkpoints).reverse()) {
    const point = join(checkpoints, id);
    if (isSavedPoint(point)) removeFolder(checkpoints, point);
  }
  const { run_json, results_csv, metrics_jsonl, spectrum_csv } = paths;
  const { traj_npy, traj_100_npy, index_html } = paths;
  const logs = [run_json, results_csv, metrics_jsonl, spectrum_csv];
  for (const path of [...logs, traj_npy, traj_100_npy, index_html]) {
    try {
      rmSync(path, { force: true });
    } catch (error) {
      throw fileError("remove", path, error);
    }
  }
  removeFiles(paths.models, (file) => parseModelName(file) !== undefined);
  removeFiles(paths.figures, isPicture);
  removeFiles(paths.samples, isPicture);
  removeFiles(paths.cache, (file) => /^[^.].*\.(npy|json)$/.test(file));
}

function removeFiles(folder: string, matches: (file: string) => boolean): void {
  if (!existsSync(folder)) return;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isFile() && matches(entry.name)) rmSync(join(folder, entry.name));
    }
  } catch (error) {
    throw fileError("clear", folder, error);
  }
}

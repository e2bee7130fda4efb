import type { Datasets } from "@dsbm/problem";
import type { Progress, Row, RunWriter } from "@dsbm/runs";
import type { Ranks } from "@dsbm/train";
import type { TimePlan } from "../forecast/time-plan.js";

export interface RunOptions {
  folder: string;
  progress: Progress;
  /** The command line that resumes this run. */
  resume: string;
  signal?: AbortSignal | undefined;
  /** Start over even if the folder holds a run. */
  again?: boolean;
  /** Processes that train together, with this process as rank 0; null: a single process. */
  ranks?: Ranks | null;
  /** Start of the run in seconds of performance.now() (default: now). */
  began?: number;
  /** Additional options that may change when a run resumes. */
  free?: readonly string[];
  /** What ranks above 0 need. */
  begin?: Record<string, unknown>;
  /** Plans the steps (default: those of the configuration). */
  time?: TimePlan;
  opened?(run: RunWriter): void;
  /** Returns false if it was stopped. */
  trained?(run: RunWriter, ends: Datasets, rows: readonly Row[]): Promise<boolean>;
}

export interface WorkerOptions extends Pick<RunOptions, "folder" | "progress" | "signal"> {
  ranks: Ranks;
  /** What rank 0 sent at the start. */
  begin: Record<string, unknown>;
}

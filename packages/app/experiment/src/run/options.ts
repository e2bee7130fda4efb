import type { Datasets } from "@dsbm/problem";
import type { Interrupt, Progress, Row, RunWriter } from "@dsbm/runs";
import type { Ranks } from "@dsbm/train";
import type { TimePlan } from "../forecast/time-plan.js";
import type { Extension } from "./begin/extension.js";

export interface RunOptions {
  folder: string;
  progress: Progress;
  /** The command line that goes on with this run. */
  resume: string;
  signal?: AbortSignal | undefined;
  /** Told that a signal was seen. */
  interrupt?: Pick<Interrupt, "noticed">;
  /** Start anew even where an earlier run is. */
  again?: boolean;
  /** The length, if not the configuration's. */
  extension?: Extension;
  /** The processes that train together, with this as rank 0; null: one alone. */
  ranks?: Ranks | null;
  /** Start of the run in seconds of performance.now() (default: now). */
  began?: number;
  hooks?: RunHooks;
}

interface RunHooks {
  /** Options that may change on resuming, beside those that change nothing. */
  free?: readonly string[];
  begin?: Record<string, unknown>;
  opened?(run: RunWriter): void;
  time?: TimePlan;
  trained?(run: RunWriter, ends: Datasets, rows: readonly Row[]): Promise<boolean>;
}

/** What another rank is given. */
export interface WorkerOptions extends Pick<RunOptions, "folder" | "progress" | "signal"> {
  ranks: Ranks;
  /** What rank 0 told at the start. */
  begin: Record<string, unknown>;
}

// What a run is given besides its configuration.
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
  /** What is told that a signal was seen; left out: nobody. */
  interrupt?: Pick<Interrupt, "noticed">;
  /** Start from nothing even where an earlier run is. */
  again?: boolean;
  /** How long the run is to be, where that is not what its configuration says. */
  extension?: Extension;
  /** The processes that train together, of which this is rank 0; null: one alone. */
  ranks?: Ranks | null;
  /** When the time of the run began, in seconds of performance.now() (default: now). */
  began?: number;
  hooks?: RunHooks;
}

interface RunHooks {
  /** Keys whose change does not hinder a run to go on, beside those that change nothing. */
  free?: readonly string[];
  begin?: Record<string, unknown>;
  opened?(run: RunWriter): void;
  time?: TimePlan;
  trained?(run: RunWriter, ends: Datasets, rows: readonly Row[]): Promise<boolean>;
}

/** What another rank is given. */
export interface WorkerOptions extends Pick<RunOptions, "folder" | "progress" | "signal"> {
  ranks: Ranks;
  /** What rank 0 told as the run began. */
  begin: Record<string, unknown>;
}

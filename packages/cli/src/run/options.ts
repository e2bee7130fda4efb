// What a run is given beside its configuration.
import type { Ranks } from "@dsbm/train";
import type { Progress } from "../terminal/progress.js";

export interface RunOptions {
  folder: string;
  progress: Progress;
  /** The command line that goes on with this run. */
  resume: string;
  signal?: AbortSignal | undefined;
  /** Start from nothing even where an earlier run is. */
  again?: boolean;
  /** The processes that train together, of which this is rank 0; null: one alone. */
  ranks?: Ranks | null;
}

/** What another rank is given. */
export interface WorkerOptions extends Pick<RunOptions, "folder" | "progress" | "signal"> {
  ranks: Ranks;
}

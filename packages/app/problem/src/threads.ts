// Threads of a run, and the rows of a chunk on each thread.
import type { CompleteTrainConfig } from "@dsbm/config";
import { cores } from "@dsbm/runs";

/** Rows simulated on one thread, so that a wide layer's intermediates fit into the cache. */
export const chunkRows = (shape: readonly number[]): number => (shape.length === 1 ? 500 : 8);

/** Threads of a run on an otherwise idle machine. */
export const threadsOf = ({ threads }: Pick<CompleteTrainConfig, "threads">): number =>
  threads === "auto" ? cores() : threads;

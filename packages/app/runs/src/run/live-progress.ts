// progress.json: how far a live run is. It is no result: a reader that finds a part of it has nothing.
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { errnoOf, temporaryPath } from "@dsbm/files";
import { z } from "zod";
import { type ProgressState, secondsToEnd } from "../progress.js";
import { runPaths } from "./layout.js";

/** The schema of progress.json. */
export const liveProgress = z.object({
  label: z.string(),
  step: z.number(),
  /** Null if unknown. */
  steps: z.number().nullable(),
  /** Estimated seconds left; null if unknown. */
  left: z.number().nullable(),
});

/** How far a live run is: the `label` of its place, its `step` of `steps`, and the seconds `left`. */
export type LiveProgress = z.output<typeof liveProgress>;

/** Writes progress.json. A disk that refuses it does not end the run. */
export function writeProgress(folder: string, state: ProgressState): void {
  const { label, step, steps = null } = state;
  const progress: LiveProgress = { label, step, steps, left: secondsToEnd(state) };
  const temporary = temporaryPath(folder);
  try {
    // Without flushes, which would cost more than the steps between them.
    writeFileSync(temporary, JSON.stringify(progress), { flag: "wx" });
    renameSync(temporary, runPaths(folder).progress);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** Removes progress.json, if it is there. */
export const removeProgress = (folder: string): void =>
  rmSync(runPaths(folder).progress, { force: true });

import { existsSync } from "node:fs";
import { FileError, openAppendFile, printable } from "@dsbm/files";
import { type Progress, removeProgress, runPaths, writeProgress } from "@dsbm/runs";

/** Milliseconds between two writes of the place of a live run. */
const pauseOfPlaces = 1000;

/** A progress that also keeps its lines and its place in the run folder, once the folder exists. */
export function withLog(progress: Progress, folder: string): Progress {
  const { run_json, log } = runPaths(folder);
  const waiting: string[] = [];
  let last = 0;
  return {
    ...progress,
    update(state) {
      progress.update(state);
      const now = Date.now();
      if (now - last < pauseOfPlaces || !existsSync(run_json)) return;
      last = now;
      writeProgress(folder, state);
    },
    done() {
      progress.done();
      removeProgress(folder);
    },
    line(text) {
      progress.line(text);
      waiting.push(`${new Date().toISOString()} ${printable(text)}\n`);
      if (!existsSync(run_json)) return;
      try {
        const file = openAppendFile(log);
        try {
          file.append(waiting.splice(0).join(""));
        } finally {
          file.close();
        }
      } catch (error) {
        // A failing log must not end the run.
        if (!(error instanceof FileError)) throw error;
      }
    },
  };
}

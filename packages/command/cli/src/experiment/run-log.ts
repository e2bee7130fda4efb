import { existsSync } from "node:fs";
import { FileError, openAppendFile, printable } from "@dsbm/files";
import { type Progress, runPaths } from "@dsbm/runs";

/** A progress that also keeps its lines in the run folder, once the folder exists. */
export function withLog(progress: Progress, folder: string): Progress {
  const { run_json, log } = runPaths(folder);
  const waiting: string[] = [];
  return {
    ...progress,
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

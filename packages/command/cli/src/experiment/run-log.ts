import { appendFileSync, constants, existsSync } from "node:fs";
import { errnoOf } from "@dsbm/files";
import { type Progress, runPaths } from "@dsbm/runs";

const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW = 0 } = constants;

/** A progress that also keeps its lines in the run folder, once the folder exists. */
export function withLog(progress: Progress, folder: string): Progress {
  const { run_json, log } = runPaths(folder);
  const waiting: string[] = [];
  return {
    ...progress,
    line(text) {
      progress.line(text);
      waiting.push(`${new Date().toISOString()} ${text}\n`);
      if (!existsSync(run_json)) return;
      try {
        appendFileSync(log, waiting.splice(0).join(""), {
          flag: (O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW) as never,
        });
      } catch (error) {
        // A failing log must not end the run.
        if (errnoOf(error) === undefined) throw error;
      }
    },
  };
}

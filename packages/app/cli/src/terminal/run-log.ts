// log.txt of a run folder: the lines that a run says on the terminal, each with its time.
import { appendFileSync, constants, existsSync } from "node:fs";
import { errnoOf } from "@dsbm/files";
import type { Progress } from "@dsbm/runs";
import { runPaths } from "@dsbm/runs";

const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW = 0 } = constants;

/** A progress that says its lines to another one and keeps them in the run's folder, once that is there. */
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
        // A log that cannot be written must not end the run: its lines are on the terminal.
        if (errnoOf(error) === undefined) throw error;
      }
    },
  };
}

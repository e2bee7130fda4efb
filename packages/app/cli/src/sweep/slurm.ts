// The launcher `slurm`: submits one job array for the unfinished members, and follows it.
import { rmSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { SlurmLauncher } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import { writeFileAtomic } from "@dsbm/files";
import { createInterrupt, createProgress, openJournal, type SweepPaths } from "@dsbm/runs";
import type { NumberedMember } from "./member.js";
import { lastLine, runSlurm } from "./queue.js";
import { batchScript } from "./script.js";
import { countsLine, isActive, nameOf, type SweepStatus, sweepStatus } from "./status.js";

/** Returns the job's id. Throws a ConfigError with Slurm's message. */
export async function submit(
  members: readonly NumberedMember[],
  launcher: SlurmLauncher,
  { paths, experiment, again }: { paths: SweepPaths; experiment: string; again: boolean },
): Promise<string> {
  writeFileAtomic(paths.script, batchScript(members, launcher, { name: `dsbm-${experiment}` }));
  // Messages of an earlier start do not belong to this start.
  for (const { number } of members) rmSync(paths.log(number), { force: true });
  const { missing, error, stdout, stderr } = await runSlurm(
    "sbatch",
    ["--parsable", basename(paths.script)],
    { cwd: paths.folder },
  );
  if (missing)
    throw new ConfigError(
      "usage",
      "Slurm's sbatch is not on PATH: start the sweep where jobs are submitted (Debian: apt install slurm-client), or write launcher=local",
    );
  // "12", or "12;cluster" in a federation.
  const job = /^(\d+)(?:;\S+)?\s*$/m.exec(stdout)?.[1];
  if (error !== null || job === undefined) {
    const reason = error ?? lastLine(`${stdout}\n${stderr}`);
    const fix = /array/i.test(reason)
      ? "a cluster's MaxArraySize bounds the number of members: split the sweep up"
      : `correct launcher.…, or read ${paths.script}`;
    throw new ConfigError("usage", `sbatch refused the sweep: ${reason}; ${fix}`);
  }
  const journal = openJournal(paths.journal);
  const numbers = members.map(({ number }) => number);
  journal.write({ event: "launch", launcher: "slurm", members: numbers, job, again });
  journal.close();
  return job;
}

/** Seconds between two requests to the queue: at first, and at most. */
const firstPause = 0.5;
const lastPause = 10;
/** Seconds that a shared file system may need to show a job's files. */
const grace = 60;

/**
 * Waits until no member waits or runs. Returns the last status, and whether Ctrl-C ended the wait.
 */
export async function watch(folder: string): Promise<{ status: SweepStatus; stopped: boolean }> {
  const interrupt = createInterrupt({ notify: () => {} });
  const progress = createProgress();
  const reported = new Set<number>();
  let quiet = 0;
  try {
    for (let seconds = firstPause; ; seconds = Math.min(lastPause, seconds * 1.5)) {
      const status = await sweepStatus(folder);
      const { members } = status;
      for (const { entry, state, why } of members) {
        if (state !== "failed" || reported.has(entry.number)) continue;
        reported.add(entry.number);
        progress.line(`failed: ${nameOf(entry)}: ${why}`);
      }
      const done = members.filter(({ state }) => state === "done").length;
      progress.update({
        label: status.note ?? `sweep: ${countsLine(members)}`,
        step: done,
        steps: members.length,
      });
      if (interrupt.signal.aborted) return { status, stopped: true };
      if (!mayGoOn(status)) {
        const late = members.some(({ task, state }) => task?.completed && state !== "done");
        if (!late || quiet >= grace) return { status, stopped: false };
        quiet += seconds;
      }
      await pause(seconds * 1000, undefined, { signal: interrupt.signal }).catch(() => {});
    }
  } finally {
    progress.done();
    interrupt.dispose();
  }
}

/** Whether a member waits or runs, or may do so if Slurm does not answer. */
function mayGoOn({ members, note }: SweepStatus): boolean {
  return members.some((member) => isActive(member) || (note !== null && member.state !== "done"));
}

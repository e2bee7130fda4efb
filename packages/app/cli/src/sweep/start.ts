// Runs a sweep: the launcher gets unfinished members, then all results are gathered.
import { relative } from "node:path";
import type { Launcher } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import { acquireLock, lockHolder } from "@dsbm/files";
import { openJournal, runPaths, shellWord } from "@dsbm/runs";
import { runLocal } from "./local.js";
import type { NumberedMember, SweepMember } from "./member.js";
import { type OpenSweep, openSweep } from "./open.js";
import { submit, watch } from "./slurm.js";
import { isActive, statusText, sweepStatus } from "./status.js";

interface SweepRequest {
  experiment: string;
  words: string[];
  experiments_dir: string;
  launcher: Launcher;
  again: boolean;
}

/**
 * Returns 0 when all members are finished, 1 when some failed, 130 when stopped. Throws a
 * ConfigError if the sweep is running already, or Slurm refuses it.
 */
export async function sweep(
  members: readonly SweepMember[],
  request: SweepRequest,
): Promise<number> {
  const open = openSweep(members, request);
  const { folder, lock: path } = open.paths;
  const shown = `npx dsbm sweep status ${shellWord(relative(process.cwd(), folder) || ".")}`;
  const holder = lockHolder(path);
  if (holder !== undefined)
    throw new ConfigError(
      "usage",
      `this sweep is running already, in process ${holder}: wait for it, or stop it with kill ${holder}; ${shown} shows it`,
    );
  const lock = acquireLock(path);
  const alive = setInterval(() => lock.refresh(), 30_000).unref();
  try {
    const active = (await sweepStatus(folder)).members.filter(isActive);
    const jobs = [...new Set(active.map(({ trace }) => trace?.job))].join(", ");
    if (request.launcher.kind === "local") {
      if (active.length > 0)
        throw new ConfigError(
          "usage",
          `${active.length} members of this sweep wait or run in Slurm (job ${jobs}): wait for them, or scancel ${jobs}; ${shown} shows them`,
        );
      return await runHere(open, request, { n_jobs: request.launcher.n_jobs, shown });
    }
    const sorted = sort(open, request.again, new Set(active.map(({ entry }) => entry.number)));
    const { launcher, experiment, again } = request;
    if (active.length > 0)
      console.log(
        `${active.length} of ${members.length} wait or run in Slurm already (job ${jobs}) and are not submitted again`,
      );
    const todo = sorted.todo.filter(isFree);
    if (todo.length > 0) {
      const job = await submit(todo, launcher, { paths: open.paths, experiment, again });
      console.log(
        `${members.length} runs, ${todo.length} submitted as Slurm job ${job}, ${sorted.done} finished before`,
      );
      console.log(`to look: ${shown}\nto cancel: scancel ${job}`);
    }
    lock.release();
    if (!launcher.wait) return sorted.failed.length > 0 ? 1 : 0;
    return await waitForSlurm(folder, shown);
  } finally {
    clearInterval(alive);
    lock.release();
  }
}

function isFree({ folder, label }: NumberedMember): boolean {
  if (lockHolder(runPaths(folder).lock) === undefined) return true;
  console.log(`${label} is running already in another process, which finishes it`);
  return false;
}

async function runHere(
  { paths, members }: OpenSweep,
  { words, again }: SweepRequest,
  { n_jobs, shown }: { n_jobs: number | null; shown: string },
): Promise<number> {
  const { todo, done, failed } = sort({ paths, members }, again, new Set());
  const result = await runLocal(todo, { paths, total: members.length, n_jobs, again });
  const wrong = [...failed, ...result.failed];
  for (const { label, why } of wrong) console.error(`dsbm: ${label} failed: ${why}`);
  if (!result.stopped) await printResults(paths.folder);
  const left = members.length - result.finished - done - wrong.length;
  console.log(`status:  ${shown}`);
  console.log(
    `${result.finished} finished, ${done} finished before, ${wrong.length} failed, ${left} not finished`,
  );
  if (result.stopped) {
    console.log(`to resume: npx dsbm ${words.map(shellWord).join(" ")}`);
    return 130;
  }
  return wrong.length > 0 || left > 0 ? 1 : 0;
}

async function waitForSlurm(folder: string, statusCommand: string): Promise<number> {
  const { status, stopped } = await watch(folder);
  if (stopped) {
    const jobs = status.jobs.join(" ");
    console.log(
      status.jobs.length > 0
        ? `Slurm's job continues; to look: ${statusCommand}; to cancel: scancel ${jobs}`
        : `nothing waits or runs any more; to look: ${statusCommand}`,
    );
    return 130;
  }
  console.log(statusText(status));
  await printResults(folder);
  return status.members.every(({ state }) => state === "done") ? 0 : 1;
}

async function printResults(folder: string): Promise<void> {
  // Loaded here: it loads the engine, which help does not need.
  const { gather, summaryPlaces } = await import("./gather.js");
  const table = await gather(folder);
  if (table !== null) console.log(`\n${table}\n\n${summaryPlaces(folder)}`);
}

/** Members that cannot run are recorded as failed. */
function sort({ paths, members }: OpenSweep, again: boolean, active: ReadonlySet<number>) {
  const todo: NumberedMember[] = [];
  const failed: { label: string; why: string }[] = [];
  let done = 0;
  const journal = openJournal(paths.journal);
  try {
    for (const member of members) {
      const { number, label } = member;
      if (active.has(number)) continue;
      try {
        if (!again && member.finished()) done++;
        else todo.push(member);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        failed.push({ label, why });
        journal.write({ event: "launch", launcher: "local", members: [number], job: null, again });
        journal.write({ event: "end", member: number, code: 1, why });
      }
    }
  } finally {
    journal.close();
  }
  return { todo, done, failed };
}

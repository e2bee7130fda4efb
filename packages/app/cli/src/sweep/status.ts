import { lockHolder } from "@dsbm/files";
import {
  countStates,
  type Evidence,
  entryFolder,
  formatTable,
  isStopCode,
  memberStatus,
  type Row,
  readManifest,
  readTraces,
  type Status,
  type SweepEntry,
  type SweepManifest,
  shellWord,
  sweepPaths,
  type Trace,
} from "@dsbm/runs";
import { lastLogLine, slurmReason, type Task, tailOf, tasksOf } from "./queue.js";

export interface MemberOf extends Status {
  entry: SweepEntry;
  trace: Trace | null;
  /** Its task in Slurm; null if Slurm does not know it. */
  task: Task | null;
}

export interface SweepStatus {
  folder: string;
  manifest: SweepManifest;
  members: MemberOf[];
  /** The live process that starts members here, or null. */
  launcher: number | null;
  /** Job arrays with unfinished members. */
  jobs: string[];
  /** Reports if the states may be out of date. */
  note: string | null;
}

/** Throws RunError. */
export async function sweepStatus(folder: string): Promise<SweepStatus> {
  const manifest = readManifest(folder);
  const paths = sweepPaths(folder);
  const traces = readTraces(paths.journal);
  const launcher = lockHolder(paths.lock) ?? null;
  const traceOf = ({ number }: SweepEntry) => traces.get(number) ?? null;
  // Members to look up, by job.
  const indexes = new Map<string, number[]>();
  for (const entry of manifest.members) {
    const trace = traceOf(entry);
    if (trace?.launcher !== "slurm") continue;
    if (memberStatus(entryFolder(folder, entry), none(trace)).state === "done") continue;
    const job = trace.job as string;
    indexes.set(job, [...(indexes.get(job) ?? []), entry.number]);
  }
  const { tasks, error } = indexes.size > 0 ? await tasksOf(indexes) : { tasks: null, error: null };
  const members = manifest.members.map((entry): MemberOf => {
    const trace = traceOf(entry);
    const task = tasks?.get(`${trace?.job}_${entry.number}`) ?? null;
    const log = () => tailOf(paths.log(entry.number));
    const evidence =
      trace?.launcher === "slurm"
        ? slurmEvidence(trace, task, tasks !== null && indexes.has(trace.job as string), log)
        : localEvidence(trace, launcher !== null, log);
    return { entry, trace, task, ...memberStatus(entryFolder(folder, entry), evidence) };
  });
  const active = members.filter(isActive);
  return {
    folder,
    manifest,
    members,
    launcher,
    jobs: [
      ...new Set(active.map(({ trace }) => trace?.job).filter((job) => typeof job === "string")),
    ],
    note: error && `Slurm does not answer (${error}): the states come from the run folders`,
  };
}

export function isActive({ trace, task, state }: MemberOf): boolean {
  return trace?.launcher === "slurm" && task !== null && ["waiting", "running"].includes(state);
}

const none = (trace: Trace | null): Evidence => ({
  phase: "none",
  since: trace?.since ?? null,
  again: trace?.again ?? false,
  reason: null,
  stopped: false,
  lastLogLine: null,
  certain: false,
});

function slurmEvidence(
  trace: Trace,
  task: Task | null,
  isKnown: boolean,
  log: () => string,
): Evidence {
  const base = none(trace);
  // It failed before submission.
  if (trace.phase === "ended") return { ...base, phase: "ended", lastLogLine: trace.why };
  if (!isKnown) return base;
  if (task !== null && task.phase !== "ended")
    return { ...base, phase: task.phase, reason: task.why };
  const text = log();
  const reason = slurmReason(text) ?? task?.why ?? null;
  return { ...base, phase: "ended", reason, lastLogLine: lastLogLine(text), certain: true };
}

function localEvidence(trace: Trace | null, alive: boolean, log: () => string): Evidence {
  const base = none(trace);
  if (trace === null) return base;
  if (trace.phase === "ended") {
    const { why, code } = trace;
    // Without an exit code the signal in `why` ended it.
    const cause = code === null ? { reason: why } : { lastLogLine: why };
    return { ...base, phase: "ended", stopped: isStopCode(code), ...cause };
  }
  if (alive) return { ...base, phase: trace.phase === "started" ? "running" : "queued" };
  // Its launcher is gone. The member may still run: its lock decides.
  return trace.phase === "started"
    ? { ...base, phase: "ended", lastLogLine: lastLogLine(log()) }
    : base;
}

/** A status in one line: the number of members in each state. */
export function countsLine(members: readonly Status[]): string {
  const counts = countStates(members);
  return Object.entries(counts)
    .map(([state, n]) => `${n} ${state}`)
    .join(", ");
}

/** A member's keys that differ, and its seed. */
export function nameOf({ configuration, seed }: SweepEntry): string {
  return [...Object.entries(configuration), ["seed", seed]].map(([k, v]) => `${k}=${v}`).join(" ");
}

const commandOf = ({ words }: SweepManifest) => `npx dsbm ${words.map(shellWord).join(" ")}`;

const mostListed = 100;

export function statusText({
  folder,
  manifest,
  members,
  launcher,
  jobs,
  note,
}: SweepStatus): string {
  const listed =
    members.length <= mostListed ? members : members.filter(({ state }) => state !== "done");
  const hasReasons = listed.some(({ why }) => why);
  const rows: Row[] = listed.map(({ entry: { number, configuration, seed }, state, why }) => ({
    member: number,
    ...configuration,
    seed,
    state,
    ...(hasReasons && { why: why ?? "" }),
  }));
  const lines = [`${folder}: ${countsLine(members)}`, "", formatTable(rows), ""];
  if (note !== null) lines.push(note);
  if (launcher !== null) lines.push(`process ${launcher} runs it`);
  for (const job of jobs) lines.push(`Slurm job ${job}: cancel it with scancel ${job}`);
  const left = members.filter(({ state }) => state !== "done").length;
  if (left > 0 && launcher === null && jobs.length === 0)
    lines.push(`to run unfinished members: ${commandOf(manifest)}`);
  lines.push(`logs:    ${sweepPaths(folder).logs}/<member>.log`);
  return lines.join("\n");
}

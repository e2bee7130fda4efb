// Where a sweep is: each member's state, asked of its run folder and of whatever started it.
import {
  countStates,
  type Evidence,
  entryFolder,
  formatTable,
  lockHolder,
  memberStatus,
  type Row,
  readManifest,
  readTraces,
  type Status,
  type SweepEntry,
  type SweepManifest,
  sweepPaths,
  type Trace,
} from "@dsbm/runs";
import { lastWords, slurmsWords, type Task, tailOf, tasksOf } from "./queue.js";
import { shellWord } from "./script.js";

export interface MemberOf extends Status {
  entry: SweepEntry;
  trace: Trace | null;
  /** What Slurm says of it; null where it says nothing. */
  task: Task | null;
}

export interface SweepStatus {
  folder: string;
  manifest: SweepManifest;
  members: MemberOf[];
  /** The process that starts members here, if one lives. */
  launcher: number | null;
  /** Job arrays that have members left. */
  jobs: string[];
  /** Something that a reader should know; null for nothing. */
  note: string | null;
}

/** Reads the status of the sweep in `folder`, and asks Slurm where it has jobs. Throws RunError. */
export async function sweepStatus(folder: string): Promise<SweepStatus> {
  const manifest = readManifest(folder);
  const paths = sweepPaths(folder);
  const traces = readTraces(paths.journal);
  const launcher = lockHolder(paths.lock) ?? null;
  const traceOf = ({ number }: SweepEntry) => traces.get(number) ?? null;
  // What is done needs no question to Slurm.
  const open = manifest.members.filter((entry) => {
    const trace = traceOf(entry);
    if (trace?.launcher !== "slurm") return false;
    return memberStatus(entryFolder(folder, entry), none(trace)).state !== "done";
  });
  const asked = new Map<string, number[]>();
  for (const entry of open) {
    const job = traceOf(entry)?.job as string;
    asked.set(job, [...(asked.get(job) ?? []), entry.number]);
  }
  const { tasks, said } = asked.size > 0 ? await tasksOf(asked) : { tasks: null, said: null };
  const members = manifest.members.map((entry): MemberOf => {
    const trace = traceOf(entry);
    const task = tasks?.get(`${trace?.job}_${entry.number}`) ?? null;
    const log = () => tailOf(paths.log(entry.number));
    const evidence =
      trace?.launcher === "slurm"
        ? slurmEvidence(trace, task, tasks !== null && asked.has(trace.job as string), log)
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
    note:
      said === null ? null : `Slurm cannot be asked (${said}): states are those of the run folders`,
  };
}

/** Whether a member waits or runs in Slurm. */
export function isActive({ trace, task, state }: MemberOf): boolean {
  return trace?.launcher === "slurm" && task !== null && ["waiting", "running"].includes(state);
}

const none = (trace: Trace | null): Evidence => ({
  phase: "none",
  since: trace?.since ?? null,
  again: trace?.again ?? false,
  reason: null,
  lastLogLine: null,
  certain: false,
});

function slurmEvidence(
  trace: Trace,
  task: Task | null,
  asked: boolean,
  log: () => string,
): Evidence {
  const base = none(trace);
  // It never got to Slurm.
  if (trace.phase === "ended") return { ...base, phase: "ended", lastLogLine: trace.why };
  if (!asked) return base;
  if (task !== null && task.phase !== "ended")
    return { ...base, phase: task.phase, reason: task.why };
  const text = log();
  const reason = slurmsWords(text) ?? task?.why ?? null;
  return { ...base, phase: "ended", reason, lastLogLine: lastWords(text), certain: true };
}

function localEvidence(trace: Trace | null, alive: boolean, log: () => string): Evidence {
  const base = none(trace);
  if (trace === null) return base;
  if (trace.phase === "ended") {
    const { why, code } = trace;
    // Without a code it was ended by a signal, and `why` says by which.
    return { ...base, phase: "ended", ...(code === null ? { reason: why } : { lastLogLine: why }) };
  }
  if (alive) return { ...base, phase: trace.phase === "started" ? "running" : "queued" };
  // Its launcher is gone; the member may live on, which its lock tells.
  return trace.phase === "started"
    ? { ...base, phase: "ended", lastLogLine: lastWords(log()) }
    : base;
}

/** A status in one line: how many members are in each state. */
export function countsLine(members: readonly Status[]): string {
  const counts = countStates(members);
  const parts = Object.entries(counts).map(([state, n]) => `${n} ${state}`);
  return parts.join(", ");
}

/** What people call a member: the keys in which it differs, and its seed. */
export function nameOf({ configuration, seed }: SweepEntry): string {
  return [...Object.entries(configuration), ["seed", seed]].map(([k, v]) => `${k}=${v}`).join(" ");
}

/** The command that starts the sweep, again or for the first time. */
const commandOf = ({ words }: SweepManifest): string =>
  `npx dsbm ${words.map(shellWord).join(" ")}`;

/** Of larger sweeps only what is not done is listed. */
const mostListed = 100;

/** The whole status for people. */
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
  const rows: Row[] = listed.map(({ entry, state, why }) => ({
    member: entry.number,
    ...entry.configuration,
    seed: entry.seed,
    state,
    why: why ?? "",
  }));
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter(
    (column) => column !== "why" || rows.some((row) => row.why !== ""),
  );
  const ordered = columns.filter((c) => c !== "state" && c !== "why");
  const last = ["state", ...(columns.includes("why") ? ["why"] : [])];
  const lines = [
    `${folder}: ${countsLine(members)}`,
    "",
    formatTable(rows, { columns: [...ordered, ...last] }),
    "",
  ];
  if (note !== null) lines.push(note);
  if (launcher !== null) lines.push(`it is being run by process ${launcher}`);
  for (const job of jobs) lines.push(`Slurm job ${job}: cancel it with scancel ${job}`);
  const left = members.filter(({ state }) => state !== "done").length;
  if (left > 0 && launcher === null && jobs.length === 0)
    lines.push(`to run what is not done: ${commandOf(manifest)}`);
  lines.push(`logs:    ${sweepPaths(folder).logs}/<member>.log`);
  return lines.join("\n");
}

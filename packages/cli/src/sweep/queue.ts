// What Slurm knows of the jobs of a sweep: squeue while they are in memory, sacct where there is accounting. What
// neither of them tells stands in the job's log.
import { execFile } from "node:child_process";
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";

/** A task of a job array. */
export interface Task {
  phase: "queued" | "running" | "ended";
  /** Why it waits, or was ended from outside; null where there is nothing to say. */
  why: string | null;
  /** Whether it ended well. */
  completed: boolean;
}

export interface Answer {
  code: number | null;
  stdout: string;
  stderr: string;
  /** The program is not there. */
  missing: boolean;
}

/** Runs a program of Slurm to its end. */
export function ask(program: string, args: string[], { cwd = "." } = {}): Promise<Answer> {
  return new Promise((done) => {
    execFile(
      program,
      args,
      { cwd, maxBuffer: 2 ** 28, timeout: 120_000 },
      (error, stdout, stderr) => {
        const missing = (error as NodeJS.ErrnoException | null)?.code === "ENOENT";
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : null;
        done({ code, stdout, stderr, missing });
      },
    );
  });
}

/** The last line of what a program of Slurm complained. */
export function complaint({ stdout, stderr }: Answer): string {
  const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  return (lines.at(-1) ?? "no word of why").replace(/^\w+: error: /, "").trim();
}

const queued = new Set(["PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT"]);
const running = new Set([
  "RUNNING",
  "COMPLETING",
  "CONFIGURING",
  "RESIZING",
  "SIGNALING",
  "STAGE_OUT",
  "STOPPED",
  "SUSPENDED",
]);
const ends: Record<string, string> = {
  TIMEOUT:
    "the time limit was reached: give it more by launcher.timeout_min, or start the sweep again to go on",
  OUT_OF_MEMORY: "out of memory: give it more by launcher.mem_gb",
  CANCELLED: "the job was cancelled",
  NODE_FAIL: "its node failed",
  PREEMPTED: "the job was preempted",
  DEADLINE: "the job's deadline was reached",
  BOOT_FAIL: "its node did not boot",
};
/** Reasons to wait that need no telling. */
const usual = new Set(["None", "Priority", "Resources", "JobArrayTaskLimit", "Dependency"]);

function taskOf(state: string, reason: string | null): Task {
  if (queued.has(state)) {
    const why = reason === null || usual.has(reason) ? null : `Slurm says ${reason}`;
    return { phase: "queued", why, completed: false };
  }
  if (running.has(state)) return { phase: "running", why: null, completed: false };
  const signal = /^RaisedSignal:(\d+)/.exec(reason ?? "")?.[1];
  const why = ends[state] ?? (signal === undefined ? null : `it was killed by signal ${signal}`);
  return { phase: "ended", why, completed: state === "COMPLETED" };
}

/**
 * The tasks of job arrays by "<job>_<index>"; `wanted` are the indexes by job. A task that Slurm has forgotten is not
 * among them. null where Slurm cannot be asked from here, with what it said.
 */
export async function tasksOf(
  wanted: ReadonlyMap<string, readonly number[]>,
): Promise<{ tasks: Map<string, Task> | null; said: string | null }> {
  const tasks = new Map<string, Task>();
  for (const [job, indexes] of wanted) {
    const answer = await ask("squeue", ["-h", "-r", "-t", "all", "-j", job, "-o", "%F %K %T %r"]);
    if (answer.missing) return { tasks: null, said: "squeue is not on PATH" };
    if (answer.code !== 0 && !/invalid job id/i.test(answer.stderr))
      return { tasks: null, said: complaint(answer) };
    for (const line of answer.stdout.split("\n")) {
      const [array, index, state = "", ...reason] = line.trim().split(/\s+/);
      if (state !== "") tasks.set(`${array}_${index}`, taskOf(state, reason.join(" ") || null));
    }
    if (indexes.some((index) => !tasks.has(`${job}_${index}`))) await addAccounted(job, tasks);
  }
  return { tasks, said: null };
}

/** Tasks that left Slurm's memory, where there is accounting. */
async function addAccounted(job: string, tasks: Map<string, Task>): Promise<void> {
  const answer = await ask("sacct", ["-n", "-P", "-X", "-j", job, "--format=JobID,State"]);
  if (answer.code !== 0) return;
  for (const line of answer.stdout.split("\n")) {
    const [id = "", state = ""] = line.trim().split("|");
    // A waiting part of an array is one line, 12_[3-7%2]; squeue knows those.
    if (/^\d+_\d+$/.test(id) && !tasks.has(id))
      tasks.set(id, taskOf(state.split(" ")[0] as string, null));
  }
}

/** The end of a log, where there is one. */
export function tailOf(path: string, bytes = 8192): string {
  if (!existsSync(path)) return "";
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(bytes, size));
    const count = readSync(file, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString("utf8", 0, count);
  } finally {
    closeSync(file);
  }
}

/** The last thing that a member said: its last error, or else its last line; null for nothing. */
export function lastWords(log: string): string | null {
  const lines = log.split("\n").map((line) => line.trim());
  const at = lines.findLastIndex((line) => line.startsWith("dsbm: "));
  if (at < 0) return lines.findLast((line) => line !== "") ?? null;
  const error = lines[at] as string;
  // A bug's first line says that it is one, what it is comes after.
  return (error.endsWith(":") ? `${error} ${lines[at + 1] ?? ""}` : error).slice("dsbm: ".length);
}

/** Why a job was ended from outside, as Slurm wrote it into its log; null where it did not. */
export function slurmsWords(log: string): string | null {
  const told = log.split("\n").filter((line) => /^(slurmstepd|srun)[\w.-]*: /.test(line));
  const has = (pattern: RegExp) => told.some((line) => pattern.test(line));
  if (has(/oom[_-]?kill|out.of.memory|memory limit/i)) return ends.OUT_OF_MEMORY as string;
  if (has(/DUE TO TIME LIMIT/)) return ends.TIMEOUT as string;
  if (has(/DUE TO PREEMPTION/)) return ends.PREEMPTED as string;
  if (has(/DUE TO NODE FAILURE/)) return ends.NODE_FAIL as string;
  return has(/CANCELLED/) ? (ends.CANCELLED as string) : null;
}

// Reads the state of a sweep's jobs from Slurm: from squeue, then from sacct, else from the end of
// the job's log.
import { execFile } from "node:child_process";
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";

/** A task of a job array. */
export interface Task {
  phase: "queued" | "running" | "ended";
  /** Why it waits, or was ended from outside; null if unknown or usual. */
  why: string | null;
  /** Whether it succeeded. */
  completed: boolean;
}

interface Answer {
  stdout: string;
  stderr: string;
  /** The last line of a program that failed or is not installed; null after success. */
  error: string | null;
  /** Whether the program is not installed. */
  missing: boolean;
}

export function runSlurm(program: string, args: string[], { cwd = "." } = {}): Promise<Answer> {
  const options = { cwd, maxBuffer: 2 ** 28, timeout: 120_000 };
  return new Promise((done) => {
    execFile(program, args, options, (failure, stdout, stderr) => {
      const missing = (failure as NodeJS.ErrnoException | null)?.code === "ENOENT";
      const error = missing ? `${program} is not on PATH` : lastLine(`${stdout}\n${stderr}`);
      done({ stdout, stderr, error: failure && error, missing });
    });
  });
}

/** The last line without the name of the program. */
export function lastLine(output: string): string {
  const line = output.split("\n").findLast((one) => one.trim() !== "");
  return (line ?? "it gave no reason").replace(/^\w+: error: /, "").trim();
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
    "the time limit was reached: increase launcher.timeout_min, or start the sweep again to resume",
  OUT_OF_MEMORY: "out of memory: increase launcher.mem_gb",
  CANCELLED: "the job was cancelled",
  NODE_FAIL: "its node failed",
  PREEMPTED: "the job was preempted",
  DEADLINE: "the job's deadline was reached",
  BOOT_FAIL: "its node did not boot",
};
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
 * The tasks of job arrays by "<job>_<index>"; `wanted` are the indexes by job. Tasks that Slurm has
 * forgotten are missing. Returns null with the error if Slurm does not answer.
 */
export async function tasksOf(
  wanted: ReadonlyMap<string, readonly number[]>,
): Promise<{ tasks: Map<string, Task> | null; error: string | null }> {
  const tasks = new Map<string, Task>();
  for (const [job, indexes] of wanted) {
    const args = ["-h", "-r", "-t", "all", "-j", job, "-o", "%F %K %T %r"];
    const { error, stdout, stderr } = await runSlurm("squeue", args);
    if (error !== null && !/invalid job id/i.test(stderr)) return { tasks: null, error };
    for (const line of stdout.split("\n")) {
      const [array, index, state = "", ...reason] = line.trim().split(/\s+/);
      if (state !== "") tasks.set(`${array}_${index}`, taskOf(state, reason.join(" ") || null));
    }
    if (indexes.some((index) => !tasks.has(`${job}_${index}`))) await addAccounted(job, tasks);
  }
  return { tasks, error: null };
}

async function addAccounted(job: string, tasks: Map<string, Task>): Promise<void> {
  const args = ["-n", "-P", "-X", "-j", job, "--format=JobID,State"];
  const { error, stdout } = await runSlurm("sacct", args);
  if (error !== null) return;
  for (const line of stdout.split("\n")) {
    const [id = "", state = ""] = line.trim().split("|");
    // A waiting part of an array is one line, 12_[3-7%2]; squeue reports those tasks.
    if (/^\d+_\d+$/.test(id) && !tasks.has(id))
      tasks.set(id, taskOf(state.split(" ")[0] as string, null));
  }
}

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

/** The last error in a log, or else its last line; null for an empty log. */
export function lastLogLine(log: string): string | null {
  const lines = log.split("\n").map((line) => line.trim());
  const at = lines.findLastIndex((line) => line.startsWith("dsbm: "));
  if (at < 0) return lines.findLast((line) => line !== "") ?? null;
  const error = lines[at] as string;
  // The first line of a bug's report ends with a colon; the error is on the next line.
  return (error.endsWith(":") ? `${error} ${lines[at + 1] ?? ""}` : error).slice("dsbm: ".length);
}

const logged: readonly [RegExp, keyof typeof ends][] = [
  [/oom[_-]?kill|out.of.memory|memory limit/i, "OUT_OF_MEMORY"],
  [/DUE TO TIME LIMIT/, "TIMEOUT"],
  [/DUE TO PREEMPTION/, "PREEMPTED"],
  [/DUE TO NODE FAILURE/, "NODE_FAIL"],
  [/CANCELLED/, "CANCELLED"],
];

/** Why Slurm ended a job, by its log; null if unknown. */
export function slurmReason(log: string): string | null {
  const lines = log.split("\n").filter((line) => /^(slurmstepd|srun)[\w.-]*: /.test(line));
  const entry = logged.find(([pattern]) => lines.some((line) => pattern.test(line)));
  return entry ? (ends[entry[1]] as string) : null;
}

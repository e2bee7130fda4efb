// The launcher `local`: several simultaneous runs, each a process, so that a failure ends one run
// alone; as many as cores, or GPUs.
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { lockHolder } from "@dsbm/files";
import {
  cores,
  createInterrupt,
  createProgress,
  isStopCode,
  openJournal,
  runPaths,
  type SweepPaths,
} from "@dsbm/runs";
import { program } from "../machine/program.js";
import type { NumberedMember } from "./member.js";
import { lastLogLine } from "./queue.js";

interface Outcome {
  code: number | null;
  why: string | null;
}

export interface Pool {
  atOnce: number;
  share: number;
  /** The GPUs of each slot; empty if members use no GPU, or name one. */
  gpus: string[][];
}

/** Sizes the pool by GPUs if members use them (device=cuda), else by cores. */
export async function poolFor(
  members: readonly Pick<NumberedMember, "device" | "nproc">[],
  n_jobs: number | null,
): Promise<Pool> {
  const nproc = Math.max(1, ...members.map((member) => member.nproc));
  const devices = new Set(members.map(({ device }) => device));
  const gpus = devices.has("cuda") ? groupsOf(await visibleGpus(), nproc) : [];
  // Members that name their GPU (cuda:1) share it.
  const named = [...devices].filter((device) => device.startsWith("cuda:")).length;
  const room = gpus.length || named || Math.max(1, Math.floor(cores() / nproc));
  const atOnce = Math.min(n_jobs ?? room, members.length);
  return { atOnce, share: Math.max(1, Math.floor(cores() / Math.max(1, atOnce))), gpus };
}

function groupsOf(gpus: readonly string[], size: number): string[][] {
  const groups = Math.floor(gpus.length / size);
  return Array.from({ length: groups }, (_, i) => gpus.slice(i * size, (i + 1) * size));
}

async function visibleGpus(): Promise<string[]> {
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  if (visible) return visible.split(",").map((name) => name.trim());
  const { engineInfo } = await import("@dsbm/torch");
  return engineInfo()
    .devices.filter((device) => device.startsWith("cuda"))
    .map((_, i) => `${i}`);
}

interface MemberOptions {
  say: (line: string) => void;
  begun: (child: ChildProcess) => void;
  env: Record<string, string>;
  log: string;
  signal: AbortSignal;
}

function runMember(
  { label, args, number }: NumberedMember,
  { say, begun, env, log, signal }: MemberOptions,
): Promise<Outcome> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [program, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // a terminal's Ctrl-C reaches this process alone, which passes it on once
      env: { ...process.env, ...env },
    });
    const file = createWriteStream(log);
    // A failing log must not end the member.
    file.on("error", (error) => say(`${label}: no log: ${error.message}`));
    let tail = "";
    const stop = () => child.kill("SIGINT");
    begun(child);
    signal.addEventListener("abort", stop, { once: true });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        tail = `${tail}\n${line}`.slice(-8192);
        file.write(`${line}\n`);
        // The sweep prints its command to resume once.
        if (!line.startsWith("to resume: ")) say(line);
      });
    }
    child.on("error", ({ message }) =>
      done({ code: null, why: `member ${number} cannot be started: ${message}` }),
    );
    child.on("close", (code, killed) => {
      signal.removeEventListener("abort", stop);
      file.end();
      if (code === 0) done({ code, why: null });
      else if (isStopCode(code) || signal.aborted) done({ code: 130, why: null });
      else if (killed) done({ code, why: `killed by ${killed}` });
      else done({ code, why: lastLogLine(tail) ?? `exit code ${code}` });
    });
  });
}

async function runWhenFree(
  member: NumberedMember,
  { again, ...options }: MemberOptions & { again: boolean },
): Promise<Outcome> {
  const { signal } = options;
  const holder = () => lockHolder(runPaths(member.folder).lock);
  for (;;) {
    let waited = false;
    for (let pid = holder(); pid !== undefined; pid = holder()) {
      if (!waited) options.say(`is running in process ${pid}: waiting for it`);
      waited = true;
      await pause(500, undefined, { signal }).catch(() => {});
      if (signal.aborted) return { code: 130, why: null };
    }
    if (waited && !again && member.finished()) return { code: 0, why: null };
    const outcome = await runMember(member, options);
    // Another process may have taken the folder in the meantime.
    if (outcome.why === null || holder() === undefined) return outcome;
  }
}

interface LocalResult {
  finished: number;
  failed: { label: string; why: string }[];
  stopped: boolean;
}

interface LocalOptions {
  paths: SweepPaths;
  total: number;
  n_jobs: number | null;
  again: boolean;
}

/** Runs the members; the sweep's journal gets each start and end. */
export async function runLocal(
  members: readonly NumberedMember[],
  { paths, total, n_jobs, again }: LocalOptions,
): Promise<LocalResult> {
  const result: LocalResult = { finished: 0, failed: [], stopped: false };
  if (members.length === 0) return result;
  const { atOnce, share, gpus } = await poolFor(members, n_jobs);
  const interrupt = createInterrupt({
    notify: () => notify(),
    second: () => {
      for (const child of children) child.kill("SIGKILL");
    },
  });
  const children = new Set<ChildProcess>();
  const journal = openJournal(paths.journal);
  const queue = [...members];
  const numbers = members.map(({ number }) => number);
  journal.write({ event: "launch", launcher: "local", members: numbers, job: null, again });
  console.log(`${total} runs, ${atOnce} at once`);
  const live = Boolean(process.stdout.isTTY) && process.env.TERM !== "dumb";
  const progress = createProgress({ stream: process.stdout });
  const status = () => {
    const running = `${children.size} running, ${result.failed.length} failed`;
    if (live)
      progress.update({
        label: "runs",
        step: total - members.length + result.finished,
        steps: total,
        note: running,
      });
  };
  const notify = () =>
    progress.line("stopping all runs at their next step boundaries; once more to stop at once");
  const worker = async (place: number) => {
    const devices = gpus[place];
    const env = {
      DSBM_CORES: String(share),
      ...(devices && { CUDA_VISIBLE_DEVICES: devices.join() }),
    };
    for (let member = queue.shift(); member; member = queue.shift()) {
      if (interrupt.signal.aborted) return;
      const { number, label } = member;
      journal.write({ event: "start", member: number });
      const say = (line: string) => {
        progress.line(`[${number}/${total} ${label}] ${line}`);
        status();
      };
      const begun = (child: ChildProcess) => {
        children.add(child.once("exit", () => children.delete(child)));
      };
      const options = { say, begun, env, log: paths.log(number), signal: interrupt.signal };
      const { code, why } = await runWhenFree(member, { ...options, again });
      if (why !== null) result.failed.push({ label, why });
      else if (code === 0) result.finished++;
      journal.write({ event: "end", member: number, code, why });
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, (_, place) => worker(place)));
  } finally {
    progress.done();
    journal.close();
    interrupt.dispose();
  }
  return { ...result, stopped: interrupt.signal.aborted };
}

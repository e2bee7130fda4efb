// The launcher `local`: several simultaneous runs, each a process, so that a failure ends one run
// alone; as many as cores, or GPUs.
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import { cores, createInterrupt, runQueue, type SweepPaths } from "@dsbm/runs";
import { program } from "../machine/program.js";
import type { NumberedMember } from "./sweep.js";

/** The processes of a sweep on this machine. */
export interface Pool {
  /** Runs at once. */
  atOnce: number;
  /** Cores of each run. */
  share: number;
  /** The GPUs of each slot; empty if members use no GPU, or name one. */
  gpus: string[][];
}

/** Sizes the pool by GPUs if members use them (device=cuda), else by cores. */
export async function poolFor(
  members: readonly Pick<NumberedMember, "device" | "nproc">[],
  n_jobs: number | null,
): Promise<Pool> {
  const nproc = Math.max(...members.map((member) => member.nproc));
  const isOnGpus = members.some(({ device }) => device === "cuda");
  const visible = isOnGpus ? await visibleGpus() : [];
  const groups = Math.floor(visible.length / nproc);
  const gpus = Array.from({ length: groups }, (_, i) => visible.slice(i * nproc, (i + 1) * nproc));
  const room = groups || Math.max(1, Math.floor(cores() / nproc));
  const atOnce = Math.min(n_jobs ?? room, members.length);
  return { atOnce, share: Math.max(1, Math.floor(cores() / atOnce)), gpus };
}

async function visibleGpus(): Promise<string[]> {
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  if (visible) return visible.split(",").map((name) => name.trim());
  const { engineInfo } = await import("@dsbm/torch");
  return engineInfo()
    .devices.filter((device) => device.startsWith("cuda"))
    .map((_, i) => `${i}`);
}

/** Runs the members, and prints their lines with their names. */
export async function runLocal(
  members: readonly NumberedMember[],
  { paths, n_jobs }: { paths: SweepPaths; n_jobs: number | null },
): Promise<"ended" | "stopped"> {
  const { atOnce, share, gpus } = await poolFor(members, n_jobs);
  console.log(`${atOnce} at once`);
  const children = new Set<ChildProcess>();
  const signalAll = (signal: NodeJS.Signals) => {
    for (const child of children) child.kill(signal);
  };
  const interrupt = createInterrupt({
    notify: () => console.log("stopping all runs at their next steps; once more to stop at once"),
    second: () => signalAll("SIGKILL"),
  });
  const { signal } = interrupt;
  signal.addEventListener("abort", () => signalAll("SIGINT"), { once: true });
  const run = (member: NumberedMember, slot: number) => {
    const devices = gpus[slot];
    const env = {
      ...process.env,
      DSBM_CORES: String(share),
      ...(devices && { CUDA_VISIBLE_DEVICES: devices.join() }),
    };
    return runMember(member, { env, children, log: paths.log(member.number) });
  };
  try {
    return await runQueue(members, { atOnce, signal, run });
  } finally {
    interrupt.dispose();
  }
}

async function runMember(
  { label, args }: NumberedMember,
  { env, children, log }: { env: NodeJS.ProcessEnv; children: Set<ChildProcess>; log: string },
): Promise<void> {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // a terminal's Ctrl-C reaches this process alone, which passes it on once
    env,
  });
  children.add(child);
  const file = createWriteStream(log);
  // A failing log must not end the member.
  file.on("error", (error) => console.error(`${label}: no log: ${error.message}`));
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", (line) => {
      file.write(`${line}\n`);
      // The sweep itself prints the command that resumes it.
      if (!line.startsWith("to resume: ")) console.log(`[${label}] ${line}`);
    });
  await new Promise<void>((done) => {
    child.on("error", ({ message }) => file.write(`the process cannot be started: ${message}\n`));
    child.on("close", () => done());
  });
  children.delete(child);
  file.end();
  await finished(file).catch(() => {});
}

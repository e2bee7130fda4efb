// The launcher `local`: several runs side by side, each a process of its own, so that one that fails takes nothing
// along; as many at once as there are cores, or GPUs.
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { openJournal, type SweepPaths } from "@dsbm/runs";
import { cores } from "../machine/cores.js";
import { createInterrupt } from "../terminal/interrupt.js";
import { type NumberedMember, program } from "./member.js";
import { lastWords } from "./queue.js";

type Outcome =
  | { state: "finished" }
  | { state: "stopped" }
  | { state: "failed"; code: number | null; why: string };

/** What a place of the pool gives to its members. */
export interface Pool {
  atOnce: number;
  /** Cores of a member. */
  share: number;
  /** For each place the GPUs that are its own; empty where members use none, or say themselves which. */
  gpus: string[][];
}

/** Sizes the pool by GPUs where members ask for any of them (device=cuda), else by cores. */
export async function poolFor(
  members: readonly Pick<NumberedMember, "device" | "nproc">[],
  n_jobs: number | null,
): Promise<Pool> {
  const nproc = Math.max(1, ...members.map((member) => member.nproc));
  const devices = new Set(members.map(({ device }) => device));
  const gpus = devices.has("cuda") ? groupsOf(await visibleGpus(), nproc) : [];
  // Members that name their GPU (cuda:1) share it; as many at once as there are different ones.
  const named = [...devices].filter((device) => device.startsWith("cuda:")).length;
  const room = gpus.length || named || Math.max(1, Math.floor(cores() / nproc));
  const atOnce = Math.min(n_jobs ?? room, members.length);
  return { atOnce, share: Math.max(1, Math.floor(cores() / Math.max(1, atOnce))), gpus };
}

function groupsOf(gpus: readonly string[], size: number): string[][] {
  const groups = Math.floor(gpus.length / size);
  return Array.from({ length: groups }, (_, i) => gpus.slice(i * size, (i + 1) * size));
}

/** Names of the GPUs that this process may use. */
async function visibleGpus(): Promise<string[]> {
  const told = process.env.CUDA_VISIBLE_DEVICES;
  if (told !== undefined && told !== "") return told.split(",").map((name) => name.trim());
  const { engineInfo } = await import("@dsbm/torch");
  return engineInfo()
    .devices.filter((device) => device.startsWith("cuda"))
    .map((_, i) => `${i}`);
}

function runMember(
  { label, args, number }: NumberedMember,
  { place, env, log }: { place: string; env: Record<string, string>; log: string },
  signal: AbortSignal,
): Promise<Outcome> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [program, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // a terminal's Ctrl-C reaches us alone; a member gets it once, from us
      env: { ...process.env, ...env },
    });
    const file = createWriteStream(log);
    // A disk that refuses the log must not take the member along: its output is on the terminal too.
    file.on("error", (error) => console.log(`[${place} ${label}] no log: ${error.message}`));
    let said = "";
    const stop = () => child.kill("SIGINT");
    signal.addEventListener("abort", stop, { once: true });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        said = `${said}\n${line}`.slice(-8192);
        file.write(`${line}\n`);
        console.log(`[${place} ${label}] ${line}`);
      });
    }
    const failed = (code: number | null, why: string) => done({ state: "failed", code, why });
    child.on("error", (error) =>
      failed(null, `member ${number} cannot be started: ${error.message}`),
    );
    child.on("close", (code, killed) => {
      signal.removeEventListener("abort", stop);
      file.end();
      if (code === 0) done({ state: "finished" });
      else if (code === 130 || signal.aborted) done({ state: "stopped" });
      else failed(code, killed ? `killed by ${killed}` : (lastWords(said) ?? `exit code ${code}`));
    });
  });
}

export interface LocalResult {
  finished: number;
  failed: { label: string; why: string }[];
  stopped: boolean;
}

/** Runs the members and writes down in the sweep's journal when each starts and ends. */
export async function runLocal(
  members: readonly NumberedMember[],
  {
    paths,
    total,
    n_jobs,
    again,
  }: { paths: SweepPaths; total: number; n_jobs: number | null; again: boolean },
): Promise<LocalResult> {
  const { atOnce, share, gpus } = await poolFor(members, n_jobs);
  const interrupt = createInterrupt();
  const journal = openJournal(paths.journal);
  const outcomes = new Map<NumberedMember, Outcome>();
  const queue = [...members];
  const numbers = members.map(({ number }) => number);
  journal.write({ event: "launch", launcher: "local", members: numbers, job: null, again });
  console.log(`${total} runs, ${atOnce} at once`);
  const worker = async (slot: number) => {
    const own = gpus[slot];
    const env = {
      DSBM_CORES: String(share),
      ...(own && { CUDA_VISIBLE_DEVICES: own.join() }),
    };
    for (let member = queue.shift(); member; member = queue.shift()) {
      if (interrupt.signal.aborted) return;
      const { number } = member;
      journal.write({ event: "start", member: number });
      const place = `${number}/${total}`;
      const told = { place, env, log: paths.log(number) };
      const outcome = await runMember(member, told, interrupt.signal);
      outcomes.set(member, outcome);
      const { code = 0, why = null } =
        outcome.state === "failed" ? outcome : { code: outcome.state === "stopped" ? 130 : 0 };
      journal.write({ event: "end", member: number, code, why });
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, (_, slot) => worker(slot)));
  } finally {
    journal.close();
    interrupt.dispose();
  }
  const failed = [...outcomes].flatMap(([{ label }, outcome]) =>
    outcome.state === "failed" ? [{ label, why: outcome.why }] : [],
  );
  const finished = [...outcomes.values()].filter(({ state }) => state === "finished").length;
  return { finished, failed, stopped: interrupt.signal.aborted };
}

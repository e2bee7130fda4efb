// The command line as a user types it: a process of its own, its output and exit code.
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { line } from "../../packages/command/cli/test/own-line.js";
import { wordsOf } from "../support/words.js";

export { scratch } from "../support/scratch.js";
export { wordsOf } from "../support/words.js";

/** How a command ended, and what it said. */
export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export const program = fileURLToPath(
  new URL("../../packages/command/cli/bin/dsbm.mjs", import.meta.url),
);

/** A process of dsbm: its output so far, and its end. */
interface Launched {
  child: ChildProcess;
  said: { stdout: string; stderr: string };
  done: Promise<Outcome>;
}

/** Starts dsbm, on a host (hosts.ts) if one is given; `done` resolves at its end. */
export function launch(
  args: string[],
  { host = [], ...options }: SpawnOptions & { host?: readonly string[] } = {},
): Launched {
  const [command, ...words] = [...host, process.execPath, program, ...args];
  const child = spawn(command, words, {
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
    env: { ...process.env, ...options.env },
  });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name]?.on("data", (chunk) => {
      said[name] += chunk;
    });
  const done = new Promise<Outcome>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, ...said }));
  });
  return { child, said, done };
}

/**
 * Runs dsbm to its end: in this process, whose libraries are loaded, or in its own if it has
 * options of a process or starts others.
 */
export async function dsbm(
  args: string[],
  options: SpawnOptions & { cwd?: string } = {},
): Promise<Outcome> {
  const { cwd = process.cwd(), env = {}, ...others } = options;
  const isOwn =
    Object.keys(others).length > 0 ||
    Object.keys(env).some((key) => key !== "PATH") ||
    args.some((word) => word.startsWith("nproc="));
  if (isOwn) return launch(args, options).done;
  const before = { cwd: process.cwd(), PATH: process.env.PATH };
  process.chdir(cwd);
  Object.assign(process.env, env);
  try {
    return { signal: null, ...(await line(...args)) };
  } finally {
    process.chdir(before.cwd);
    process.env.PATH = before.PATH;
  }
}

/** Runs dsbm to an end that is well; gives the folder of its run too, if it has one. */
export async function succeed(
  args: string[],
  options: Parameters<typeof dsbm>[1] = {},
): Promise<Outcome & { folder: string }> {
  const outcome = await dsbm(args, options);
  expectNoTrace(outcome.stderr);
  expect(outcome.code, outcome.stderr).toBe(0);
  return { ...outcome, folder: folderIn(outcome.stdout) };
}

/** Expects dsbm to refuse its arguments in one line with all the texts. */
export async function refuse(
  args: string[],
  texts: readonly string[],
  options: Parameters<typeof dsbm>[1] = {},
): Promise<Outcome> {
  const outcome = await dsbm(args, options);
  expect(outcome.code).not.toBe(0);
  expectLine(outcome.stderr, texts);
  return outcome;
}

/** Sends a process a signal once its standard error, or its output, matches; resolves when it has ended. */
function stopOnce(
  { child, said, done }: Launched,
  pattern: RegExp,
  { signal = "SIGINT" as NodeJS.Signals, from = "stderr" as "stdout" | "stderr" } = {},
): Promise<Outcome> {
  child[from]?.on("data", () => {
    if (pattern.test(said[from]) && !child.killed) child.kill(signal);
  });
  return done;
}

/** Runs dsbm, and sends it a signal once its standard error matches. */
export const stopAt = (
  args: string[],
  pattern: RegExp,
  { signal, ...options }: Omit<SpawnOptions, "signal"> & { signal?: NodeJS.Signals } = {},
): Promise<Outcome> => stopOnce(launch(args, options), pattern, { signal });

/** Expects neither a stack trace nor a bug message. */
export const expectNoTrace = (stderr: string): void => expect(stderr).not.toMatch(/\n\s+at |bug/);

/** Expects one line of dsbm that holds all the texts, and no stack trace. */
export function expectLine(stderr: string, texts: readonly string[]): void {
  const lines = stderr.split("\n").filter((line) => line.startsWith("dsbm: "));
  expect(lines, stderr).toHaveLength(1);
  for (const text of texts) expect(lines[0]).toContain(text);
  expectNoTrace(stderr);
}

/** The folder of a run from its output; "" without one. */
export const folderIn = (stdout: string): string =>
  /results: +(.*)\/results\.csv/.exec(stdout)?.[1] ?? "";

/** The folder of the only run below a folder of experiments; null if none exists yet. */
export function onlyRun(folder: string): string | null {
  if (existsSync(join(folder, "run.json"))) return folder;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const found = entry.isDirectory() ? onlyRun(join(folder, entry.name)) : null;
    if (found) return found;
  }
  return null;
}

/** A small problem: a run takes about two seconds. */
export const smallGaussian = wordsOf(`
  dim=2 net_name=mlp_small n_train=300 n_test=200 batch_size=64 inner_iters=40 num_steps=5
  test_num_steps=10 log_every=10 threads=1 seed=3
`);

// The command line as a user types it: a process of its own, its output and exit code.
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect } from "vitest";
import { type Outcome, runResident } from "../support/resident.js";

export type { Outcome };

const program = fileURLToPath(new URL("../../packages/cli/bin/dsbm.mjs", import.meta.url));

const environment = () => ({ ...process.env, OMP_NUM_THREADS: "1", DSBM_CORES: "2" });

/** Starts dsbm, by the words of a host (hosts.ts) where there are any; `done` resolves when it has ended. */
export function launch(
  args: string[],
  { host = [], ...options }: SpawnOptions & { host?: readonly string[] } = {},
): { child: ChildProcess; done: Promise<Outcome> } {
  const [command, ...words] = [...host, process.execPath, program, ...args];
  const child = spawn(command as string, words, {
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
    env: { ...environment(), ...options.env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const done = new Promise<Outcome>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, done };
}

/**
 * Runs dsbm to its end: in a process that other commands of the file ran in before, or in one of its own where it has
 * options that belong to a process.
 */
export function dsbm(
  args: string[],
  options: SpawnOptions & { cwd?: string } = {},
): Promise<Outcome> {
  const { cwd = process.cwd(), env = {}, ...others } = options;
  const isOwn = Object.keys(others).length > 0 || Object.keys(env).some((key) => key !== "PATH");
  if (isOwn) return launch(args, options).done;
  return runResident(args, { cwd, env: { ...environment(), ...env } });
}

/** Runs dsbm, and sends it a signal once its standard error matches. */
export function stopAt(
  args: string[],
  pattern: RegExp,
  {
    signal = "SIGINT",
    ...options
  }: Omit<SpawnOptions, "signal"> & { signal?: NodeJS.Signals } = {},
): Promise<Outcome> {
  const { child, done } = launch(args, options);
  let seen = "";
  child.stderr?.on("data", (text) => {
    seen += text;
    if (pattern.test(seen) && !child.killed) child.kill(signal);
  });
  return done;
}

/** Expects one line of dsbm that holds all the texts, and no stack trace. */
export function expectLine(stderr: string, texts: readonly string[]): void {
  const lines = stderr.split("\n").filter((line) => line.startsWith("dsbm: "));
  expect(lines, stderr).toHaveLength(1);
  for (const text of texts) expect(lines[0]).toContain(text);
  expect(stderr).not.toMatch(/\n\s+at |bug/);
}

/** The folder of a run, from what it printed; "" where it printed none. */
export const folderIn = (stdout: string): string =>
  /results: +(.*)\/results\.csv/.exec(stdout)?.[1] ?? "";

/** A fresh folder that is removed after the tests of the file. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "dsbm-e2e-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The folder of the only run below a folder of experiments; null where there is none yet. */
export function onlyRun(folder: string): string | null {
  if (existsSync(join(folder, "run.json"))) return folder;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const found = entry.isDirectory() ? onlyRun(join(folder, entry.name)) : null;
    if (found) return found;
  }
  return null;
}

/** A small problem: a run takes about two seconds. */
export const small = `
  dim=2 net_name=mlp_small n_train=300 n_test=200 batch_size=64 inner_iters=40 num_steps=5
  test_num_steps=10 log_every=10 threads=1 seed=3
`
  .trim()
  .split(/\s+/);

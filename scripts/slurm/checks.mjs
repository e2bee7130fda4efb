// What the checks of Slurm share: their count, the commands in a scratch folder, the states of a sweep.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { attempt } from "../setup/command.mjs";
import { repo } from "../setup/stamp.mjs";
import { expect } from "./results.mjs";

/** The program `dsbm`. */
export const door = join(repo, "packages/command/cli/bin/dsbm.mjs");

/** The folder of all runs of these checks. */
export const scratch = mkdtempSync(join(tmpdir(), "dsbm-check-slurm-"));

/** A folder in the scratch folder. */
export const folderOf = (name) => join(scratch, name);

/** How many checks passed and failed so far. */
export const counts = { passed: 0, failed: 0 };

/** Runs a check and prints a line. */
export async function check(name, task) {
  try {
    await task();
    counts.passed++;
    console.log(`✓ ${name}`);
  } catch (error) {
    counts.failed++;
    console.log(`✗ ${name}\n  ${String(error.message ?? error).replaceAll("\n", "\n  ")}`);
  }
}

/** Whether a program is installed. */
export const isInstalled = (program) =>
  spawnSync("which", [program], { stdio: "ignore" }).status === 0;

/** Runs a command in the scratch folder. */
export const run = ([program, ...args], env) => attempt(program, args, { cwd: scratch, env });

/** Runs a command of dsbm. */
export const dsbm = (words, env) => run([process.execPath, door, ...words], env);

/** The arguments of a small sweep of four runs. */
export const sweep = (folder, words = []) => [
  ...["gaussian", "dim=2,3", "net_name=mlp_small", "n_train=256", "n_test=200", "batch_size=64"],
  ...["inner_iters=40", "outer_iters=2", "num_steps=5", "test_num_steps=10", "threads=1"],
  ...["seed=1,2", "-m", `experiments_dir=${folder}`, ...words],
];

/** The states of members in the output of `dsbm sweep status`. */
export const statesOf = (output) =>
  [...output.matchAll(/^ *\d+ .*\b(waiting|running|finished|failed|interrupted)\b/gm)].map(
    ([, s]) => s,
  );

/** The output of `dsbm sweep status`. */
export const statusOf = async (folder, env) =>
  (await dsbm(["sweep", "status", folder], env)).output;

/** Waits until the status of a sweep is as expected. */
export async function waitFor(folder, env, isDone, seconds = 120) {
  for (let i = 0; ; i++) {
    const output = await statusOf(folder, env);
    if (isDone(output)) return output;
    expect(i < seconds, `it did not come so far in ${seconds} s:\n${output}`);
    await sleep(1000);
  }
}

/** A file below a folder, or undefined if it is missing; runs write and remove files meanwhile. */
export function findFile(folder, end) {
  try {
    const path = readdirSync(folder, { recursive: true }).find((name) => name.endsWith(end));
    return path && join(folder, path);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  }
}

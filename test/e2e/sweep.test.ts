import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isFinished, readRun } from "@dsbm/runs";
import { expect, it, vi } from "vitest";
import { dsbm, launch, scratch, small } from "./cli.js";

const root = scratch();
const keys = small.filter((word) => !/^(seed|inner_iters)=/.test(word));

/** Waits until both members of a sweep train. */
const bothBegin = ({ said }: ReturnType<typeof launch>) =>
  vi.waitUntil(
    () => [1, 2].every((n) => new RegExp(`${n}/2 .*half-iteration 1/`).test(said.stdout)),
    { timeout: 100_000, interval: 20 },
  );

/** The states of the runs of both seeds. */
function statesIn(experiments: string): string[] {
  const [name = ""] = readdirSync(join(experiments, "gaussian"));
  return ["1", "2"].map((seed) => readRun(join(experiments, "gaussian", name, seed)).info.state);
}

it("runs the product of lists, lets one fail alone, and runs only what is not done", async () => {
  const swept = ["inner_iters=10", "outer_iters=1", "lr=1e-4,1e30", "seed=1,2", "-m"];
  const args = ["gaussian", ...keys, ...swept, `experiments_dir=${root}`];
  const first = await dsbm(args);
  expect(first.code).toBe(1);
  expect(first.stdout).toContain("4 runs, 2 at once");
  expect(first.stdout).toContain("2 finished, 0 finished before, 2 failed");
  expect(first.stderr).toMatch(/^dsbm: .* failed: .*loss became/m);
  const runs = readdirSync(join(root, "gaussian")).flatMap((name) =>
    ["1", "2"].map((seed) => join(root, "gaussian", name, seed)),
  );
  expect(runs.length).toBe(4);
  expect(runs.filter(isFinished).length).toBe(2);
  const second = await dsbm(args);
  expect(second.code).toBe(1);
  expect(second.stdout).toContain("0 finished, 2 finished before, 2 failed");
});

it("reports every wrong key of a sweep before anything runs", async () => {
  const args = ["dim=2,0", "seed=1,2", "lrr=3", "-m", `experiments_dir=${root}`];
  const { code, stderr } = await dsbm(["gaussian", ...args]);
  expect(code).toBe(2);
  expect(stderr).toContain("lrr");
  expect(stderr).toContain("dim");
});

it("stops all members at their step boundaries when the terminal's Ctrl-C reaches the group", async () => {
  const experiments = join(root, "stopped");
  const args = ["inner_iters=400", "outer_iters=50", "seed=1,2", "-m"];
  const words = ["gaussian", ...keys, ...args, `experiments_dir=${experiments}`];
  const run = launch(words, { detached: true });
  await bothBegin(run);
  process.kill(-(run.child.pid as number), "SIGINT");
  const { code, stdout } = await run.done;
  expect(code).toBe(130);
  expect(stdout).toContain("0 finished, 0 finished before, 0 failed, 2 not finished");
  expect(statesIn(experiments)).toEqual(["interrupted", "interrupted"]);
});

it("waits for members that outlive a killed sweep, and counts what they finish", async () => {
  const experiments = join(root, "outlived");
  const args = ["inner_iters=150", "outer_iters=4", "seed=1,2", "-m"];
  const words = ["gaussian", ...keys, ...args, `experiments_dir=${experiments}`];
  const run = launch(words);
  await bothBegin(run);
  run.child.kill("SIGKILL");
  await run.done;
  const again = await dsbm(words);
  expect(again.stderr).toBe("");
  expect(again.code).toBe(0);
  expect(again.stdout).toMatch(/1\/2 seed=1\] is being run by process \d+: waiting for it/);
  expect(again.stdout).toContain("2 finished, 0 finished before, 0 failed, 0 not finished");
  expect(statesIn(experiments)).toEqual(["finished", "finished"]);
});

// Runs that cannot be lost: killed at a random moment, or stopped in a half-iteration that is skipped.
import { join } from "node:path";
import { readRun } from "@dsbm/runs";
import { expect, it } from "vitest";
import { killAll } from "../../scripts/torture/kills.mjs";
import { launch, onlyRun, scratch, stopAt, wordsOf } from "./cli.js";

const root = scratch();

it("a run killed with SIGKILL ends bit by bit like an uninterrupted run", async () => {
  const result = await killAll({ number: 1, seed: 11, names: ["vectors"] });
  expect(result.wrong).toEqual([]);
  expect(result.made).toEqual({ vectors: 1 });
});

it("autostart_next_it ends the half-iteration in progress at its present step", async () => {
  const words =
    wordsOf(`train dataset=moons model.hidden=[8,8] n_ipf=2 first_num_iter=100000 num_iter=100000
    num_steps=3 data.n_train=64 data.n_test=32 batch_size=16 plot_level=0 threads=1`);
  words.push(`experiments_dir=${root}`);
  await stopAt(words, /half-iteration 1\/4 b: /);
  const { info, models } = readRun(onlyRun(root) as string);
  expect([info.state, models.length]).toEqual(["interrupted", 0]);
  const { stderr } = await stopAt([...words, "autostart_next_it=true"], /half-iteration 2\/4 f: /);
  expect(stderr).toMatch(/the half-iteration in progress ends here/);
  expect(stderr).not.toMatch(/half-iteration 1\/4 b: /);
});

it("a second Ctrl-C ends a run at once, within a step too, and leaves it interrupted", async () => {
  const words =
    wordsOf(`train dataset=moons ot_sampler=exact batch_size=4096 data.n_train=4096 data.n_test=32
    model.hidden=[8,8] plot_level=0 threads=1`);
  const experiments = join(root, "twice");
  const { child, said, done } = launch([...words, `experiments_dir=${experiments}`]);
  child.stderr?.on("data", () => {
    if (child.killed || !/half-iteration 1\/\d+ b: /.test(said.stderr)) return;
    child.kill("SIGINT");
    setTimeout(() => child.kill("SIGINT"), 200);
  });
  const { code, stderr } = await done;
  expect([code, stderr]).toEqual([
    130,
    expect.stringMatching(/stopped within a step.*\nto resume: /),
  ]);
  expect(readRun(onlyRun(experiments) as string).info.state).toBe("interrupted");
});

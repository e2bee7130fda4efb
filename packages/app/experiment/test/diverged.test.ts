// NaN is no success: every method with training steps fails with one line if its generated samples
// are NaN.
import { join } from "node:path";
import { readRun, silentProgress } from "@dsbm/runs";
import { expect, it } from "vitest";
import { benchmarked } from "../../../../test/support/problem.js";
import { scratch } from "../../../../test/support/scratch.js";
import { wordsOf } from "../../../../test/support/words.js";
import { runTraining } from "../src/run/run.js";

const root = scratch();

const words = wordsOf(`
  dim=2 n_train=64 n_test=32 inner_iters=2 outer_iters=1 num_steps=4 test_num_steps=4 batch_size=32 lr=1e4
  net_name=mlp_small threads=1
`);

it.each([
  ...["dsbm", "alpha_dsbm", "sf2m", "lightsb", "lightsb_m"],
  ...["rectifiedflow", "sbcfm", "dsb_increments", "dsb"],
])("a run of %s that diverged is failed, with a line that says what to do", async (method) => {
  const config = benchmarked(...words, `method=${method}`);
  const folder = join(root, method);
  const run = () =>
    runTraining(config, { folder, progress: silentProgress, resume: "npx dsbm gaussian" });
  await expect(run()).rejects.toThrow(/NaN[^\n]*(--again|learning rate)[^\n]*$/);
  expect(readRun(folder).info).toMatchObject({ state: "failed" });
  // It does not become finished by being run again.
  await expect(run()).rejects.toThrow(/NaN/);
  expect(readRun(folder).info).toMatchObject({ state: "failed" });
});

it("samples that are finite and far from all data are a failure too", async () => {
  const config = benchmarked(...words, "method=dsbm", "lr=1");
  const run = runTraining(config, {
    folder: join(root, "far"),
    progress: silentProgress,
    resume: "npx dsbm gaussian",
  });
  await expect(run).rejects.toThrow(/times as far from the data's mean[^\n]*--again/);
});

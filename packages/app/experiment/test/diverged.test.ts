// NaN is no success: every method with training steps fails with one line if its generated samples
// are NaN.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCsv, readRun, silentProgress } from "@dsbm/runs";
import { expect, it } from "vitest";
import { gaussianConfig, trainConfig } from "../../../../test/support/problem.js";
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
])("a diverged run of %s has failed, with a line on the cure", async (method) => {
  const config = gaussianConfig(...words, `method=${method}`);
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
  const config = gaussianConfig(...words, "method=dsbm", "lr=1");
  const run = runTraining(config, {
    folder: join(root, "far"),
    progress: silentProgress,
    resume: "npx dsbm gaussian",
  });
  await expect(run).rejects.toThrow(/times as far from the data's mean[^\n]*--again/);
});

it("held-out rows that lie closer together than the training rows are no failure", async () => {
  const table = join(root, "outlier.csv");
  writeFileSync(table, `x\n${[1e5, ...Array(11).keys()].join("\n")}\n`);
  const options = wordsOf(`Dataset=table:${table} Dataset_transfer=table:${table} transfer=true
    data.test_fraction=0.3 sigma=0.001 n_ipf=1 num_iter=2 first_num_iter=2 num_steps=4 batch_size=4
    model=MLP model.hidden=[8,8] plot_level=0 threads=1`);
  const folder = join(root, "outlier");
  const run = { folder, progress: silentProgress, resume: "" };
  expect(await runTraining(trainConfig(...options), run)).toMatchObject({ state: "finished" });
  const { rows } = readCsv(join(folder, "held_out.csv"));
  expect(rows.map(({ dataset, file }) => [dataset, file])).toEqual(
    ["source", "target"].flatMap((end) => Array(4).fill([end, `table:${table}`])),
  );
  expect(new Set(rows.slice(0, 4).map(({ sample }) => sample)).size).toBe(4);
  expect(rows.every(({ sample }) => Number(sample) >= 1 && Number(sample) <= 12)).toBe(true);
});

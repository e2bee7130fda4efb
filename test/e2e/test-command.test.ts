// `dsbm test` as a user types it: a finished run measured again, by its sampler and its probability flow, found by its
// options or its folder.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { folderIn, refuse, scratch, succeed, wordsOf } from "./cli.js";

const root = scratch();
const run = [
  ...wordsOf(`dataset=moons model.hidden=[8,8] n_ipf=1 first_num_iter=12 num_iter=12 num_steps=4
    data.n_train=64 data.n_test=32 batch_size=16 test_npar=32 plot_level=0 threads=1 name=whole`),
  `experiments_dir=${root}`,
];
const files = () => readdirSync(join(trainedRun, "test")).toSorted();
const qualityOf = (name: string) =>
  JSON.parse(readFileSync(join(trainedRun, "test", name), "utf8"));

let trainedRun = "";
beforeAll(async () => {
  trainedRun = folderIn((await succeed(["train", ...run])).stdout);
});

it("measures a run along the SDE and the flow, in any number of steps", async () => {
  const flow = ["ode_sampler=euler", "ode_euler_step_size=0.25"];
  const { stdout } = await succeed([
    "test",
    trainedRun,
    ...flow,
    "test_num_steps=3,9",
    "test_npar=16",
  ]);
  expect(stdout.match(/^metric /gm)).toHaveLength(3);
  expect(files()).toEqual([
    "test_newest_3_sde.json",
    "test_newest_9_sde.json",
    "test_newest_euler.json",
  ]);
  expect(qualityOf("test_newest_9_sde.json")).toMatchObject({ n: 16, sampler: { steps: 9 } });
  const euler = qualityOf("test_newest_euler.json");
  expect(euler.sampler).toEqual({ solver: "euler", ode_step_size: 0.25 });
  const msd = (quality: typeof euler) =>
    quality.rows.find(({ name }: { name: string }) => name === "displacement").value;
  // Without noise, and hardly trained: samples move far less than the noise of the other sampler moves them.
  expect(msd(euler)).toBeLessThan(msd(qualityOf("test_newest_9_sde.json")));
});

it("measures the run of its options, on training data, after an earlier half-iteration", async () => {
  await succeed(["test", ...run, "split=train", "half_iteration=2", "test_ode_sampler=false"]);
  const quality = qualityOf("train_2_sde.json");
  expect(quality).toMatchObject({ split: "train", sampler: { half_iteration: 2 } });
  expect(files()).toHaveLength(4);
});

it.each<[string[], string[]]>([
  [["half_iteration=7"], ["half_iteration=7", "1 (b), 2 (f)"]],
  [["num_steps=8"], ["there is no run of these options", "npx dsbm train", "num_steps=8"]],
  [["seed=1,2", "-m"], ["dsbm test handles one run"]],
])("%j is refused with its cure", async (more, texts) => {
  await refuse(["test", ...run, ...more], texts);
});

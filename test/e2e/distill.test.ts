// Runs of few steps, as a user types them: training, teacher, steps, resume to the same bits, and what is refused.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readStepComparison, readTeacher } from "@dsbm/runs";
import { io, randn } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { line } from "../../packages/command/cli/test/own-line.js";
import { generatorOf } from "../support/numbers.js";
import { scratch } from "../support/scratch.js";
import { wordsOf } from "../support/words.js";
import { stopAt } from "./cli.js";

const root = scratch();
const input = join(root, "x.npy");
const smallDistillation = ["steps=4", "num_iter=30", "batch_size=32", "threads=1", "log_every=10"];
const teachers: Record<string, string> = {};
const pathOf = (name: string) => join(root, name);

async function train(name: string, ...more: string[]): Promise<string> {
  const words = wordsOf(`
    train dataset=moons data.n_train=100 data.n_test=60 batch_size=64 model.hidden=16 num_steps=6 num_iter=20 n_ipf=1
    threads=1 plot_level=0 test_npar=60
  `);
  const { stdout, stderr, code } = await line(...words, `experiments_dir=${pathOf(name)}`, ...more);
  expect(code, stderr).toBe(0);
  return /results: +(.*)\/results\.csv/.exec(stdout)?.[1] as string;
}

const distil = (run: string, name: string, ...more: string[]) =>
  line("distill", run, `out=${pathOf(name)}`, ...smallDistillation, ...more);

const weights = (name: string) =>
  ["1_b", "2_f"].map((half) =>
    createHash("sha256")
      .update(readFileSync(join(pathOf(name), "models", `${half}.safetensors`)))
      .digest("hex"),
  );

beforeAll(async () => {
  teachers.bridge = await train("bridge");
  const { code, stderr } = await distil(teachers.bridge, "whole");
  expect(code, stderr).toBe(0);
  mkdirSync(root, { recursive: true });
  const x = randn([20, 2], { generator: generatorOf(1) }).toArray() as Float32Array;
  writeFileSync(input, io.npy.encode(io.fromTyped(x, [20, 2])));
});

it("A run of few steps knows its teacher and compares itself with it", async () => {
  const folder = pathOf("whole");
  const teacher = readTeacher(folder);
  expect(teacher).toMatchObject({ run: teachers.bridge, method: "dsbm", steps: 6 });
  expect(Object.keys(teacher?.sha256 ?? {})).toEqual([
    "models/1_b.safetensors",
    "models/2_f.safetensors",
  ]);
  const samplers = readStepComparison(folder)?.samplers ?? [];
  expect(samplers.map(({ of, steps }) => [of, steps])).toEqual([
    ["teacher", 6],
    ["run", 1],
    ["run", 2],
    ["run", 4],
  ]);
  for (const { rows } of samplers) {
    const names = rows.filter(({ direction }) => direction === "f").map(({ name }) => name);
    for (const name of ["w2", "displacement", "conditional_variance"])
      expect(names).toContain(name);
  }
  const report = readFileSync(join(folder, "report.html"), "utf8");
  expect(report).toContain("Few steps and their teacher");
  const again = await distil(teachers.bridge, "whole");
  expect(again.stdout).toMatch(/finished already[\s\S]*conditional variance +forward/);
});

it("dsbm sample takes one, two or four steps, without the teacher's folder", async () => {
  const folder = pathOf("whole");
  const moved = `${teachers.bridge}-away`;
  renameSync(teachers.bridge, moved);
  const ends = [];
  for (const steps of [1, 2, 4]) {
    const to = join(root, `y${steps}.npy`);
    const words = ["sample", folder, input, to, "direction=f", `steps=${steps}`];
    const { code, stderr } = await line(...words);
    expect(code, stderr).toBe(0);
    ends.push([...io.npy.decode(readFileSync(to)).data]);
  }
  expect(ends[0]).not.toEqual(ends[2]);
  renameSync(moved, teachers.bridge);
});

it.each([
  [["steps=3"], /steps=3.*samples in 1, 2, 4 steps/],
  [["solver=dopri5"], /few_steps has steps of its own.*solver=sde/],
  [["diffusion=0.5"], /few_steps follows no drift with noise: leave diffusion out/],
  [["from=0.5"], /few_steps samples from the first time to the last alone/],
])("dsbm sample refuses %j in one line", async (words, message) => {
  const { code, stderr } = await line(
    "sample",
    pathOf("whole"),
    input,
    join(root, "z.npy"),
    ...words,
  );
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});

it("An interrupted run resumes to the same bits", async () => {
  const words = ["distill", teachers.bridge, `out=${pathOf("parts")}`, ...smallDistillation];
  const stopped = await stopAt(words, /half-iteration 1\/2 b: /);
  expect(stopped.code).toBe(130);
  expect(existsSync(join(pathOf("parts"), "models", "2_f.safetensors"))).toBe(false);
  const { code, stderr } = await line(...words);
  expect(code, stderr).toBe(0);
  expect(weights("parts")).toEqual(weights("whole"));
});

it("A flow without noise is distilled, too", async () => {
  const flow = await train("flow", "method=otcfm");
  const { code, stderr } = await distil(flow, "of-flow");
  expect(code, stderr).toBe(0);
  const [teacher, ...run] = readStepComparison(pathOf("of-flow"))?.samplers ?? [];
  const variance = teacher?.rows.filter(({ name }) => name === "conditional_variance") ?? [];
  expect(variance.map(({ value }) => value)).toEqual([0, 0]);
  expect(run).toHaveLength(3);
});

it("A flow with shortcuts of a course samples in one step", async () => {
  const course = ["Dataset_between=[moons]", "times=[0,1,3]", "fb_sequence=[b,f]"];
  const run = await train("course", "method=otcfm", "shortcut=true", ...course);
  const ends = [];
  for (const steps of [1, 2]) {
    const to = join(root, `course ${steps}.npy`);
    expect(await line("sample", run, input, to, `steps=${steps}`)).toMatchObject({ code: 0 });
    ends.push([...io.npy.decode(readFileSync(to)).data]);
  }
  expect(ends[0]).not.toEqual(ends[1]);
});

it("What has no few steps is refused in one line with a cure", async () => {
  const refuse = async (words: string[], message: RegExp) => {
    const { code, stderr } = await line(...words);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  };
  const folder = pathOf("whole");
  await refuse(["distill", folder, "steps=2"], /is a run of few steps itself: give the run/);
  await refuse(["train", "dataset=moons", "method=few_steps"], /write dsbm distill RUN/);
  await refuse(["train", "dataset=moons", "sigma=0"], /sigma=0 is no bridge with noise/);
});

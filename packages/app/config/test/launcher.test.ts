// The launcher's options: valid values, errors, and that no run ever sees them.
import { describe, expect, it } from "vitest";
import { gaussian, train } from "../src/commands/train.js";
import { resolve } from "../src/configure.js";
import { thrownError } from "./thrown.js";

const run = (...words: string[]) => resolve(gaussian, words);
const launcher = (...words: string[]) => run("-m", ...words).launcher;

describe("a launcher", () => {
  it.each([
    ["slurm_cpu", { cpus_per_task: 1, gpus_per_node: null, mem_gb: 8, array_parallelism: 30 }],
    ["slurm_gpu", { cpus_per_task: 1, gpus_per_node: 1, mem_gb: 14, array_parallelism: 5 }],
  ])("has the published numbers: %s", (name, numbers) =>
    expect(launcher(`launcher=${name}`)).toEqual({
      kind: "slurm",
      partition: null,
      timeout_min: null,
      additional_parameters: {},
      wait: true,
      ...numbers,
    }),
  );

  it("takes its own keys in any place", () => {
    const words = ["launcher.partition=gpu", "launcher.mem_gb=16.5", "launcher=slurm_gpu"];
    expect(launcher(...words, "launcher.timeout_min=90", "launcher.wait=false")).toMatchObject({
      partition: "gpu",
      mem_gb: 16.5,
      gpus_per_node: 1,
      timeout_min: 90,
      wait: false,
    });
    expect(launcher("launcher.n_jobs=3")).toEqual({ kind: "local", n_jobs: 3 });
  });

  it("hands options of sbatch through, as a mapping or one by one", () => {
    const words = [
      "launcher=slurm_cpu",
      "launcher.additional_parameters={account: physics, exclusive: true}",
      "+launcher.additional_parameters.gres='gpu:a100:2'",
      "launcher.additional_parameters.nice=100",
    ];
    expect(launcher(...words)).toMatchObject({
      additional_parameters: { account: "physics", exclusive: true, gres: "gpu:a100:2", nice: 100 },
    });
  });

  it("is no part of a run: neither of its configuration nor of its command or folder", () => {
    const plain = run("dim=2,3", "seed=1,2", "-m");
    const launched = run("launcher=slurm_cpu", "launcher.mem_gb=2", "dim=2,3", "seed=1,2", "-m");
    expect(launched.members).toEqual(plain.members);
    const image = (...words: string[]) => resolve(train, ["-m", ...words]);
    expect(image("launcher=slurm_gpu", "seed=1,2").members).toEqual(image("seed=1,2").members);
  });
});

describe("the error of a launcher is one line", () => {
  it.each([
    ["-m launcher=slurm", /no preset "launcher\/slurm": there are: local, slurm_cpu, slurm_gpu$/],
    ["-m launcher=slurm_cup", /did you mean "slurm_cpu"\?$/],
    ["-m lancher=slurm_cpu", /^unknown key "lancher": did you mean "launcher"\?$/],
    [
      "-m launcher=slurm_cpu launcher.partitoin=gpu",
      /^unknown key "launcher.partitoin": did you mean "launcher.partition"\?$/,
    ],
    ["-m laucher.mem_gb=3", /did you mean "launcher"\?$/],
    ["-m launcher.partition=gpu", /^launcher.partition is a key of slurm, got local: /],
    ["-m launcher=slurm_cpu launcher.n_jobs=2", /^launcher.n_jobs is a key of local, got slurm: /],
    [
      "-m launcher=slurm_cpu launcher.mem_gb=much",
      /^launcher.mem_gb: expected a finite number > 0/,
    ],
    ["-m launcher=local,slurm_cpu", /^"launcher=local,slurm_cpu" gives 2 values/],
    ["launcher=slurm_cpu", /^launcher=slurm_cpu is for sweeps: add -m/],
    ["launcher.n_jobs=2", /^launcher.n_jobs=2 is for sweeps: add -m/],
    ["-m launcher=slurm_cpu launcher.additional_parameters=7", /expected a group of keys, got 7/],
  ])("%s", (line, problem) => {
    const { problems } = thrownError(() => run(...line.split(" ")));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });
});

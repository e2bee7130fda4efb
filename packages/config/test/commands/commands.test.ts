// The reference's README commands for images: they must mean here what they mean there.

import { describe, expect, it } from "vitest";
import { test } from "../../src/commands/test.js";
import type { TrainConfig } from "../../src/keys/schema.js";
import { resolve } from "../../src/resolve.js";
import { DEFAULTS, README } from "./published.js";
import { dirs, problems, run } from "./support.js";

const MNIST = { num_steps: 30, num_iter: 5000, gamma_min: 0.034, gamma_max: 0.034 };
const FIELDS = { num_steps: 30, num_iter: 5000, gamma_min: 0.01, gamma_max: 0.01, cdsb: true };
const MEANT: Partial<TrainConfig>[] = [
  { ...DEFAULTS, ...MNIST } as Partial<TrainConfig>,
  { ...DEFAULTS, ...MNIST, first_num_iter: 100_000, first_coupling: "ind" } as Partial<TrainConfig>,
  { ...FIELDS, first_coupling: "ref", batch_size: 4, lr: 2e-4, name: "downscaler_transfer" },
  { ...FIELDS, first_coupling: "ind", batch_size: 4, lr: 2e-4, name: "downscaler_transfer" },
];

describe("the published commands", () => {
  it.each(README.map((line, i) => [line, MEANT[i]] as const))("train %s", (line, meant) => {
    const { members, multirun } = run(...line.split(" "));
    expect(multirun).toBe(false);
    expect(members).toHaveLength(1);
    expect(members[0]?.config).toMatchObject(meant ?? {});
    expect(members[0]?.words.join(" ")).toBe(line);
    expect(members[0]?.dirname).toBe(line.split(" ").sort().join(","));
  });

  it.each(README)("test %s finds the folder of its run", (line) => {
    const words = line.split(" ");
    const [trained] = run(...words).members;
    const which = ["split=train", "half_iteration=all", "threads=1"];
    const extra = ["test_ode_sampler=false", "ode_tol=1e-3", "experiments_dir=/tmp/x", ...which];
    const [tested] = resolve(test, [...words, ...extra], { dirs }).members;
    expect(tested?.dirname).toBe(trained?.dirname);
    expect(tested?.config).toMatchObject({ test_ode_sampler: false, ode_tol: 1e-3 });
  });

  it("sweep with -m, groups included, the first list slowest", () => {
    const words = [...(README[0] ?? "").split(" "), "first_coupling=ref,ind", "seed=1,2", "-m"];
    const { members, multirun } = run(...words);
    expect(multirun).toBe(true);
    expect(members.map(({ config }) => [config.first_coupling, config.seed])).toEqual([
      ["ref", 1],
      ["ref", 2],
      ["ind", 1],
      ["ind", 2],
    ]);
    expect(new Set(members.map(({ dirname }) => dirname)).size).toBe(2);
    const methods = run("method=dbdsb,bm", "model=UNET,UNET_small", "-m").members;
    expect(methods.map(({ config, dirname }) => [config.n_ipf, dirname])).toEqual([
      [50, "method=dbdsb,model=UNET"],
      [50, "method=dbdsb,model=UNET_small"],
      [1, "method=bm,model=UNET"],
      [1, "method=bm,model=UNET_small"],
    ]);
    expect(problems("method=dbdsb,bm")[0]).toMatch(/add -m to run them all/);
  });
});

// Two engines, one run: each opens, measures, exports and extends what the other trained, and the same seed gives the same weights to rounding.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { io } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { repoPath } from "../support/problem.js";
import { scratch, smallGaussian, succeed } from "./cli.js";

const isBuilt = existsSync(repoPath("packages/engine/torch/build/dsbm_torch.node"));

/** The weights of a network by name. */
function weightsOf(folder: string, name: string): Map<string, Float32Array> {
  const { tensors } = io.safetensors.decode(readFileSync(join(folder, "models", name)));
  return new Map(
    [...tensors].map(([key, { data }]) => [key, new Float32Array(new Uint8Array(data).buffer)]),
  );
}

/** The largest difference of two runs' weights, as a share of the largest weight. */
function differenceOf(a: string, b: string, name: string): number {
  const others = weightsOf(b, name);
  let largest = 0;
  let difference = 0;
  for (const [key, weights] of weightsOf(a, name)) {
    const other = others.get(key)!;
    weights.forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value));
      difference = Math.max(difference, Math.abs(value - other[i]));
    });
  }
  return difference / largest;
}

describe.runIf(isBuilt)("runs of both engines", () => {
  const folders = { libtorch: "", portable: "" };
  const names = ["libtorch", "portable"] as const;
  const steps = [
    "inner_iters=500",
    "outer_iters=2",
    "plot_level=0",
    "batch_size=32",
    "test_npar=40",
  ];
  const cwd = scratch();
  beforeAll(async () => {
    for (const engine of names) {
      const words = [
        "gaussian",
        ...smallGaussian,
        ...steps,
        `paths.experiments_dir_name=${engine}`,
      ];
      folders[engine] = (await succeed(words, { cwd, env: { DSBM_ENGINE: engine } })).folder;
    }
  });

  it("weights after 1,000 steps agree to rounding", () => {
    const difference = differenceOf(folders.libtorch, folders.portable, "2_f.safetensors");
    expect(difference).toBeLessThan(1e-3);
  });

  it.each([
    ["libtorch", "portable"],
    ["portable", "libtorch"],
  ] as const)("a run of %s is measured, exported and extended with %s", async (before, engine) => {
    const folder = folders[before];
    const options = { cwd, env: { DSBM_ENGINE: engine } };
    await succeed(["evaluate", folder, "n=40", "exact=40"], options);
    await succeed(["export", folder, `${engine}.html`], options);
    expect(existsSync(join(cwd, `${engine}.html`))).toBe(true);
    const { stdout, stderr } = await succeed(["extend", folder, "+1"], options);
    expect(stdout + stderr).toContain(
      `the run began with the engine ${before} and continues with ${engine}: its weights agree`,
    );
  });
});

// What a sweep leaves on disk: its manifest and its table.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseCsv } from "../src/files/table.js";
import {
  findSweeps,
  formatCsv,
  readManifest,
  summarise,
  sweepPaths,
  writeManifest,
} from "../src/index.js";
import { scratch } from "./support.js";

const entry = (number: number) => ({
  number,
  folder: `../../gaussian/defaults/${number}`,
  configuration: {},
  seed: number,
});
const manifest = {
  dsbm: "0.1.0",
  experiment: "gaussian",
  words: ["gaussian", "seed=1,2", "-m"],
  members: [entry(1), entry(2)],
};

describe("the folder of a sweep", () => {
  it("is found by its own name and by the name of the experiments", () => {
    const experiments = join(scratch(), "found");
    const folder = join(experiments, "sweeps", "a");
    writeManifest(folder, manifest);
    writeManifest(join(experiments, "sweeps", "b"), manifest);
    mkdirSync(join(experiments, "sweeps", "no-sweep"));
    expect(readManifest(folder)).toEqual({ format: 1, ...manifest });
    expect(findSweeps(folder)).toEqual([folder]);
    const both = [folder, join(experiments, "sweeps", "b")];
    expect(findSweeps(experiments)).toEqual(both);
    expect(findSweeps(join(experiments, "sweeps"))).toEqual(both);
  });

  it("must exist, and hold a sweep in a known format", () => {
    expect(() => findSweeps(join(scratch(), "nowhere"))).toThrow(
      /there is no folder .*nowhere: give/,
    );
    expect(() => findSweeps(scratch())).toThrow(/holds no sweep: give the folder of a sweep/);
    const folder = join(scratch(), "newer");
    writeManifest(folder, manifest);
    const path = sweepPaths(folder).manifest;
    writeFileSync(path, JSON.stringify({ ...manifest, format: 9 }));
    expect(() => readManifest(folder)).toThrow(/dsbm 0.1.0 in format 9, this version reads up to/);
    writeFileSync(path, "{}");
    expect(() => readManifest(folder)).toThrow(/is not as expected .*: delete it/);
  });
});

describe("the table", () => {
  const results = (dim: number, values: (number | null)[]) => ({
    configuration: { dim },
    rows: values.map((mean, i) => ({ half_iteration: i + 1, direction: "b", steps: 20, mean })),
  });

  it("has mean and standard deviation with n − 1 of each configuration and evaluation", () => {
    const table = summarise([
      results(5, [1, 10]),
      results(2, [0.5, 7]),
      results(5, [2, 20]),
      results(5, [6, 60]),
    ]);
    expect(table.columns).toEqual([
      "dim",
      "half_iteration",
      "direction",
      "steps",
      "seeds",
      "mean_mean",
      "mean_std",
    ]);
    const place = { direction: "b", steps: 20 };
    // 1, 2, 6: mean 3, squares 4 + 1 + 9 = 14 over 2.
    expect(table.rows).toEqual([
      { dim: 5, half_iteration: 1, ...place, seeds: 3, mean_mean: 3, mean_std: Math.sqrt(7) },
      { dim: 5, half_iteration: 2, ...place, seeds: 3, mean_mean: 30, mean_std: Math.sqrt(700) },
      { dim: 2, half_iteration: 1, ...place, seeds: 1, mean_mean: 0.5, mean_std: null },
      { dim: 2, half_iteration: 2, ...place, seeds: 1, mean_mean: 7, mean_std: null },
    ]);
    expect(parseCsv(formatCsv(table)).rows).toEqual(table.rows);
  });

  it("counts finished seeds, and skips rows without a value", () => {
    const { rows } = summarise([results(5, [1, null]), results(5, [3])]);
    expect(rows).toMatchObject([
      { half_iteration: 1, seeds: 2, mean_mean: 2, mean_std: Math.SQRT2 },
      { half_iteration: 2, seeds: 1, mean_mean: null, mean_std: null },
    ]);
  });
});

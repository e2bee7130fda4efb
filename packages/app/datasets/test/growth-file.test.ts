// The estimate of growth that a run folder keeps.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CompleteTrainConfig } from "@dsbm/config";
import { silentProgress } from "@dsbm/runs";
import { randn, setNumThreads, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { generatorOf } from "../../../../test/support/numbers.js";
import { trainConfig } from "../../../../test/support/problem.js";
import { scratch } from "../../../../test/support/scratch.js";
import { type Datasets, openDatasets } from "../src/datasets.js";
import { type GrowthEstimate, growthEstimate } from "../src/growth-estimate.js";
import { encodeGrowth, growthFiles, readGrowthEstimate } from "../src/growth-file.js";
import { growthIntervals } from "../src/growth-intervals.js";

const root = scratch();
const rows = 24;

function writeRows(name: string, seed: number): string {
  const path = join(root, name);
  tidy(() => {
    const x = randn([rows, 2], { generator: generatorOf(seed) }).toNumbers();
    const lines = Array.from({ length: rows }, (_, i) => `${x[2 * i]},${x[2 * i + 1]}`);
    writeFileSync(path, `a,b\n${lines.join("\n")}\n`);
  });
  return path;
}

beforeAll(() => {
  setNumThreads(1);
  writeRows("source.csv", 1);
  writeRows("target.csv", 2);
});

const configOf = (...words: string[]) =>
  trainConfig(
    ...["dataset=vectors", "method=wfr", "mass=1,2", `Dataset=table:${join(root, "source.csv")}`],
    ...[`Dataset_transfer=table:${join(root, "target.csv")}`, ...words],
  );

/** Works with the datasets of a run whose folder is `root`. */
async function withRun<T>(config: CompleteTrainConfig, work: (data: Datasets) => T): Promise<T> {
  const datasets = await openDatasets(config, { progress: silentProgress, signal: undefined });
  datasets.growth.folder = root;
  try {
    return work(datasets);
  } finally {
    datasets.dispose();
  }
}

const estimateOf = (config = configOf()) =>
  withRun(config, (data) => {
    const { key, scan, intervals } = growthEstimate(config, data) as GrowthEstimate;
    // Recognisable: no rows grow so much.
    const grown = intervals.map((one) => ({ ...one, gain: one.gain.fullLike(9) }));
    const gain = intervals[0]?.gain.toNumbers();
    return { key, gain, bytes: encodeGrowth(key, { scan, intervals: grown }) };
  });

const intervalsOf = (config = configOf()) =>
  withRun(config, (data) =>
    growthIntervals(config, data)?.map(({ centres, low, high }) => {
      centres.dispose();
      return { low, high };
    }),
  );

describe("an estimate of growth in a run folder", () => {
  it("is read for the same rows, and not for another key or if it is damaged", async () => {
    const { key, bytes } = await estimateOf();
    const path = join(root, growthFiles.estimate);
    writeFileSync(path, bytes);
    expect(new Set((await estimateOf()).gain)).toEqual(new Set([9]));
    tidy(() => expect(readGrowthEstimate(root, key.replace("2", "3"))).toBe(null));
    writeFileSync(path, readFileSync(path).subarray(0, 40));
    expect(readGrowthEstimate(root, key)).toBe(null);
    writeFileSync(path, bytes);
  });

  it("has intervals that are computed once", async () => {
    const computed = await intervalsOf();
    const began = statSync(join(root, growthFiles.cells)).mtimeMs;
    expect(await intervalsOf()).toEqual(computed);
    expect(statSync(join(root, growthFiles.cells)).mtimeMs).toBe(began);
  });
});

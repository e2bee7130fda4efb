// What ends are measured against: the statistics that the user names stand for the real images of time 0 alone.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeStatistics, type FeatureExtractor } from "@dsbm/bridge";
import { completeTrain, resolve, train } from "@dsbm/config";
import { eye, full, setNumThreads, tidy } from "@dsbm/torch";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openCourt, realOf } from "../src/evaluation/evaluators.js";
import { loadImageData } from "../src/problem/ends.js";
import { createProgress } from "../src/terminal/progress.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "dsbm-court-"));
beforeAll(() => setNumThreads(1));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file of statistics of so many features, each of mean 1000 and variance 1. */
function statistics(dim: number): string {
  const path = join(folder, `${dim}.npz`);
  const options = { dtype: "float64" } as const;
  tidy(() =>
    writeFileSync(
      path,
      encodeStatistics({ mean: full([dim], 1000, options), covariance: eye(dim, options) }),
    ),
  );
  return path;
}

function open(file: string) {
  const words = [
    "dataset=synthetic",
    "data.n_train=32",
    "data.n_test=16",
    "test_npar=8",
    "cache_npar=128",
    "metrics.judge=false",
    `metrics.inception='${here("../../torch/test/fixtures/inception_like.pt")}'`,
    `metrics.fid_statistics='${file}'`,
  ];
  const resolved = resolve(train, words, { dirs: [here("../../../conf")] });
  if (resolved.help) throw new Error("no help was asked for");
  const config = completeTrain((resolved.members[0] as (typeof resolved.members)[0]).config);
  const data = loadImageData(config);
  const court = openCourt(data, config, { progress: createProgress(), signal: undefined });
  return { data, court };
}

it("metrics.fid_statistics stands for the real images at time 0, and not at time 1", async () => {
  const { data, court: opening } = open(statistics(2048));
  using court = await opening;
  if (!court) throw new Error("nothing stopped it");
  const inception = court.inception as FeatureExtractor;
  tidy(() => {
    const means = (["x0", "x1"] as const).map((side) =>
      realOf(inception, data[side], side, court).mean.sub(1000).abs().amax().item(),
    );
    expect(means[0]).toBe(0);
    expect(means[1]).toBeGreaterThan(1);
  });
  data.dispose();
});

it("metrics.fid_statistics of other features is refused in one line", async () => {
  const { data, court } = open(statistics(12));
  await expect(court).rejects.toThrow(
    /^metrics\.fid_statistics=.* of 12 features; expected the \d+/,
  );
  data.dispose();
});

// FID and KID: statistics from the user replace statistics of the data at time 0 alone.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { testRows } from "@dsbm/datasets";
import { eye, full, Generator, rand, setNumThreads, tidy } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { measuringOf, repoPath, trainConfig, withEnds } from "../../../../test/support/problem.js";
import { scratch } from "../../../../test/support/scratch.js";
import { encodeStatistics } from "../../../../test/support/statistics.js";
import { metrics, sampleMetrics } from "../src/metrics/index.js";
import { judgeSamples } from "../src/samples.js";
import { measureSet } from "../src/set-measurement.js";
import { noSet } from "./set.js";

const metricsOf = (name: string) => metrics.filter((metric) => metric.name === name);

const folder = scratch();
const network = repoPath("packages/engine/torch/test/fixtures/inception_like.pt");
beforeAll(() => setNumThreads(1));

/** A file of statistics of so many features, each of mean 1000 and variance 1. */
function statistics(dim: number) {
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

function configuration(file: string) {
  return trainConfig(
    ...["dataset=synthetic", "data.n_train=8", "data.n_test=8", "test_npar=8", "cache_npar=128"],
    "metrics.judge=false",
    `metrics.inception='${network}'`,
    `metrics.fid_statistics='${file}'`,
  );
}

it("metrics.fid_statistics is used for the data at time 0, and not at time 1", async () => {
  const config = configuration(statistics(2048));
  await withEnds(config, async (ends) => {
    using context = measuringOf(ends, config);
    const fid = async (side: "x0" | "x1") => {
      const rows = testRows(ends[side], 8, 1);
      const direction = side === "x0" ? "b" : "f";
      const found = await measureSet(
        {
          ...noSet,
          key: side,
          direction,
          target: side,
          sourceRows: rows,
          generatedRows: rows,
          targetRows: rows,
        },
        metricsOf("fid"),
        context,
      );
      rows.dispose();
      return found?.rows[0]?.value;
    };
    // 2048 features whose means are 1000 away: |Δμ|² alone is some 2·10⁹.
    expect(await fid("x0")).toBeGreaterThan(1e9);
    expect(await fid("x1")).toBeLessThan(1e6);
  });
});

it.each(["fid", "kid"])(
  "%s has its floor and its ceiling, and judges folders without a run",
  async (name) => {
    const shifted = (seed: number, by: number) =>
      rand([40, 3, 16, 16], { generator: Generator.create(seed) }).add(by);
    const samples = tidy(() => ({
      source: shifted(1, 0.4).keep(),
      generated: shifted(2, 0.2).keep(),
      target: shifted(3, -1).keep(),
      reserve: shifted(4, -1).keep(),
    }));
    const judgement = await judgeSamples(samples, {
      seed: 0,
      chosen: sampleMetrics.filter((metric) => metric.name === name),
      names: { source: "a", target: "b" },
      inception: network,
    });
    for (const tensor of Object.values(samples)) tensor.dispose();
    const [row] = judgement!.rows;
    const { value, floor, ceiling } = row as Record<"value" | "floor" | "ceiling", number>;
    expect(floor).toBeLessThan(value);
    expect(value).toBeLessThan(ceiling);
    expect(row!.n).toBe(40);
    if (name === "kid") {
      const [low, high] = row!.interval!;
      expect([low < value, value < high, Math.abs(floor) < 0.1 * value]).toEqual([
        true,
        true,
        true,
      ]);
    }
  },
);

it("metrics.fid_statistics of other features is refused in one line", async () => {
  const config = configuration(statistics(12));
  await withEnds(config, async (ends) => {
    using context = measuringOf(ends, config);
    await expect(metricsOf("fid")[0]?.prepare?.(context)).rejects.toThrow(
      /^metrics\.fid_statistics=.* of 12 features; expected the \d+/,
    );
  });
});

// The FID: the statistics that the user names take the place of those of the data at time 0 alone.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeStatistics } from "@dsbm/bridge";
import { testRows } from "@dsbm/problem";
import { eye, full, setNumThreads, tidy } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { configured, here, openEvaluators, withEnds } from "../../../../test/support/problem.js";
import { scratch } from "../../../../test/support/scratch.js";

const folder = scratch();
beforeAll(() => setNumThreads(1));

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

function configuration(file: string) {
  return configured(
    ...["dataset=synthetic", "data.n_train=32", "data.n_test=16", "test_npar=8", "cache_npar=128"],
    "metrics.judge=false",
    `metrics.inception='${here("packages/engine/torch/test/fixtures/inception_like.pt")}'`,
    `metrics.fid_statistics='${file}'`,
  );
}

it("metrics.fid_statistics is used for the data at time 0, and not at time 1", async () => {
  const config = configuration(statistics(2048));
  await withEnds(config, async (ends) => {
    using evaluators = await openEvaluators(ends, config);
    const fid = (side: "x0" | "x1") =>
      tidy(() => {
        const rows = testRows(ends[side], 8, 1);
        const at = { half: 1, direction: side === "x0" ? "b" : "f", step: 1 } as const;
        const carried = { start: rows, end: rows, data: rows, given: undefined, states: null };
        const values = evaluators.all.map((one) =>
          one.measure({ at, side, steps: 1, split: "test", ...carried }),
        );
        return values.find((row) => "fid" in row)?.fid as number;
      });
    // 2048 features whose means are 1000 away: |Δμ|² alone is some 2·10⁹.
    expect(fid("x0")).toBeGreaterThan(1e9);
    expect(fid("x1")).toBeLessThan(1e6);
  });
});

it("metrics.fid_statistics of other features is refused in one line", async () => {
  const config = configuration(statistics(12));
  await withEnds(config, (ends) =>
    expect(openEvaluators(ends, config)).rejects.toThrow(
      /^metrics\.fid_statistics=.* of 12 features; expected the \d+/,
    ),
  );
});

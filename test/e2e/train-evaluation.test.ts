// What an evaluation of `dsbm train` says of its own cost.
import { join } from "node:path";
import { readCsv } from "@dsbm/runs";
import { expect, it } from "vitest";
import { dsbm, scratch } from "./cli.js";
import { quick } from "./train.js";

const root = scratch();

it("each evaluation has its function evaluations and the time a batch", async () => {
  const words = ["plot_level=0", "n_ipf=1", "first_num_iter=2", "metrics.judge=false"];
  const { code, stdout, stderr } = await dsbm([...quick, ...words, `experiments_dir=${root}`]);
  expect(code, stderr).toBe(0);
  const folder = /results: +(.*)\/results\.csv/.exec(stdout)?.[1] ?? "";
  const { rows } = readCsv(join(folder, "results.csv"));
  expect(rows).toHaveLength(2);
  for (const { nfe, n, seconds, seconds_per_batch } of rows) {
    expect([nfe, n]).toEqual([6, 64]);
    // Two batches of 32, and what is measured on them.
    expect(Number(seconds_per_batch)).toBeGreaterThan(0);
    expect(2 * Number(seconds_per_batch)).toBeLessThanOrEqual(Number(seconds));
  }
});

// Runs between Gaussians of means −½ and ½ in the plane, whose bridge is known.
import { type Row, readRun } from "@dsbm/runs";
import { io } from "@dsbm/torch";
import { expect } from "vitest";
import { wordsOf } from "./cli.js";

/** Options, without the method's own. */
export const words: readonly string[] = wordsOf(`
  train dataset=gaussian data.dim=2 data.a=0.5 data.n_train=2000 data.n_test=2000 ema_rate=0.98 threads=1 seed=2
  plot_level=0 LOGGER=NONE
`);

/** Expects the last evaluation of each direction to be near the exact bridge. */
export function expectExact(folder: string): void {
  const { results } = readRun(folder);
  for (const direction of ["b", "f"]) {
    const row = results.findLast((r) => r.direction === direction) as Row;
    expect(Math.abs(Number(row.mean) - Number(row.exact_mean))).toBeLessThan(0.1);
    expect(Math.abs(Number(row.var) - 1)).toBeLessThan(0.15);
    expect(Math.abs(Number(row.cov) - Number(row.exact_cov))).toBeLessThan(0.08);
  }
}

/** Expects 3,000 samples of the target in a file. */
export function expectSamples(path: string): void {
  using file = io.npy.open(path);
  expect(file.shape).toEqual([3000, 2]);
  const x = io.fromRaw(file.rows(0, 3000));
  expect(Math.abs(x.mean().item() - 0.5)).toBeLessThan(0.1);
  expect(Math.abs(x.std().item() - 1)).toBeLessThan(0.12);
}

// Intervals of metrics against the closed forms of their sampling errors, and what they must not change.
import { liveTensors, tensor } from "@dsbm/torch";
import { beforeEach, describe, expect } from "vitest";
import { collectGarbage } from "../../../../../../test/support/collect.js";
import { it } from "../../../../../../test/support/in-scope.js";
import { normal } from "../../../../../../test/support/numbers.js";
import {
  bootstrapped,
  type Estimate,
  intervalOf,
  meanEstimate,
  resampleCounts,
  resampledRows,
} from "../../../src/metric/vectors/bootstrap.js";
import { energyDistance, mmd } from "../../../src/metric/vectors/kernels.js";
import { momentErrors, varianceKept } from "../../../src/metric/vectors/moments.js";
import {
  columnEstimates,
  columnWasserstein,
  slicedEstimate,
  slicedWasserstein,
} from "../../../src/metric/vectors/sliced.js";
import { wasserstein } from "../../../src/metric/vectors/wasserstein.js";

// Live tensors are counted.
beforeEach(collectGarbage);

const width = ({ low, high }: Estimate) => high - low;
const holds = ({ low, value, high }: Estimate) => low <= value && value <= high;

describe("resamples", () => {
  it("draw as many rows as there are, the same for a seed, each row once on average", () => {
    const counts = resampleCounts(40, { resamples: 200, seed: 3 });
    expect(counts.shape).toEqual([200, 40]);
    expect(new Set(counts.sum(1).toNumbers())).toEqual(new Set([40]));
    const means = counts.to("float64").mean(0).toNumbers();
    for (const mean of means) expect(Math.abs(mean - 1)).toBeLessThan(5 / Math.sqrt(200));
    const again = resampleCounts(40, { resamples: 200, seed: 3 });
    expect(again.sub(counts).abs().max().item()).toBe(0);
    const rows = resampledRows(counts, 0).toNumbers();
    expect(rows).toHaveLength(40);
    expect(rows).toEqual(rows.toSorted((a, b) => a - b));
    expect(() => resampleCounts(40, { resamples: 1 })).toThrow(/1 resamples; expected/);
  });

  it("give an interval around the value, wherever the resamples lie", () => {
    const values = Array.from({ length: 401 }, (_, k) => 10 + k / 100);
    const found = intervalOf(5, values);
    expect(found.low).toBeCloseTo(5 - 1.9, 10);
    expect(found.high).toBeCloseTo(5 + 1.9, 10);
    expect(intervalOf(1, values, { least: 0 }).low).toBe(0);
    // Resamples of one row again and again have no ratio of variances.
    const ratios = [...values, Number.NaN, Number.POSITIVE_INFINITY];
    expect(intervalOf(5, ratios)).toEqual(found);
    expect(intervalOf(5, [Number.NaN])).toEqual({ value: 5, low: Number.NaN, high: Number.NaN });
  });
});

describe("intervals", () => {
  it("of shifted Gaussians on a line have the width of the difference of two means", () => {
    const n = 900;
    const m = 400;
    const x = normal([n, 1], 1);
    const y = normal([m, 1], 2).add(6);
    const want = 2 * 1.96 * Math.sqrt(1 / n + 1 / m);
    const options = { seed: 1, resamples: 300 };
    const found: Record<string, Estimate> = {
      mean: bootstrapped(x, y, (a, b) => momentErrors(a, b).mean, options),
      sliced: slicedEstimate(x, y, { ...options, p: 1, directions: 3 }),
      column: columnEstimates(x, y, options)[0] as Estimate,
      "exact 1": wasserstein(x, y, { p: 1 }),
      "exact 2": wasserstein(x, y),
    };
    for (const [name, one] of Object.entries(found)) {
      expect(holds(one), name).toBe(true);
      expect(width(one) / want, name).toBeGreaterThan(0.8);
      expect(width(one) / want, name).toBeLessThan(1.2);
    }
    const { value, low } = meanEstimate(x);
    expect(value - low).toBeCloseTo(1.96 * Math.sqrt(x.var({ correction: 1 }).item() / n), 12);
  });

  it("leave the values as they are without, repeat with their seed, and keep no tensors", () => {
    const x = normal([80, 3], 1);
    const y = normal([60, 3], 2).mul(1.3);
    const before = liveTensors();
    const all = (seed: number) => [
      slicedEstimate(x, y, { seed, directions: 9 }),
      ...columnEstimates(x, y, { seed }),
      energyDistance(x, y, { seed, resamples: 20 }),
      mmd(x, y, { seed, resamples: 20 }),
      ...Object.values(varianceKept(x, y, { seed })),
    ];
    const one = all(1);
    const two = all(1);
    const other = all(2);
    expect(one).toEqual(two);
    expect(one).not.toEqual(other);
    for (const estimate of one) expect(holds(estimate)).toBe(true);
    expect(one[0]?.value).toBe(slicedWasserstein(x, y, { seed: 1, directions: 9 }));
    expect(one[1]?.value).toBe(columnWasserstein(x, y)[0]);
    expect(one[4]?.value).toBeCloseTo(energyDistance(x, y).value, 12);
    expect(one[5]?.value).toBeCloseTo(mmd(x, y).value, 12);
    expect(liveTensors()).toBe(before);
  });
});

describe("MMD without bias", () => {
  it("is around 0 for equal distributions, where the biased one is not", () => {
    const seeds = Array.from({ length: 30 }, (_, k) => k);
    const of = (unbiased: boolean) =>
      seeds.map(
        (k) =>
          mmd(normal([60, 2], 2 * k), normal([60, 2], 2 * k + 1), { unbiased, bandwidth: 1 }).value,
      );
    const found = meanEstimate(tensor(of(true), { dtype: "float64" }));
    expect(found.low).toBeLessThan(0);
    expect(found.high).toBeGreaterThan(0);
    // E k(X, X) − E k(X, X′) = 1 − 1/3 for N(0, I₂) and h = 1, over 60 on both sides.
    const biased = of(false).reduce((sum, one) => sum + one, 0) / seeds.length;
    expect(biased).toBeCloseTo((2 * (1 - 1 / 3)) / 60, 2);
  });
});

describe("the variance that is kept", () => {
  it("is the square of a scale, and none along a direction that is lost", () => {
    const y = normal([400, 3], 5).mul(tensor([3, 2, 1], { dtype: "float64" }));
    const { total, least } = varianceKept(y.mul(0.5).add(7), y);
    expect(total.value).toBeCloseTo(0.25, 10);
    expect(least?.value).toBeCloseTo(0.25, 10);
    const flat = varianceKept(y.mul(tensor([1, 0, 1], { dtype: "float64" })), y);
    expect(flat.total.value).toBeCloseTo(10 / 14, 1);
    expect(flat.least?.value).toBeLessThan(0.02);
    expect(() => varianceKept(y, y.mul(0))).toThrow(/constant/);
  });
});

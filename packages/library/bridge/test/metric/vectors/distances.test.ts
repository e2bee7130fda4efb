// Metrics of vectors against closed forms: shifts, two points, Gaussians, and exact transport.
import { cat, memory, type Tensor, tensor, tidy } from "@dsbm/torch";
import { beforeEach, describe, expect } from "vitest";
import { collectGarbage } from "../../../../../../test/support/collect.js";
import { it } from "../../../../../../test/support/in-scope.js";
import { normal, shuffledRows } from "../../../../../../test/support/numbers.js";
import { type Estimate, intervalOf, meanEstimate } from "../../../src/metric/vectors/bootstrap.js";
import {
  energyDistance,
  kernelInceptionDistance,
  kernelWidths,
  mmd,
} from "../../../src/metric/vectors/kernels.js";
import { columnWasserstein, wasserstein } from "../../../src/metric/vectors/wasserstein.js";

// Live tensors are counted.
beforeEach(collectGarbage);

const float64 = { dtype: "float64" } as const;
const column = (...values: number[]) => tensor(values, float64).unsqueeze(1);
const orders = [1, 2] as const;

describe("every metric", () => {
  const metrics: [string, (x: Tensor, y: Tensor) => number][] = [
    ...orders.flatMap((p): [string, (x: Tensor, y: Tensor) => number][] => [
      [`wasserstein ${p}`, (x, y) => wasserstein(x, y, { p }).value],
    ]),
    ["columnWasserstein", (x, y) => Math.max(...columnWasserstein(x, y))],
    ["energyDistance", energyDistance],
  ];

  it.each(metrics)(
    "%s is 0 for the same points in another order, positive for others, and keeps no tensors",
    (_, metric) => {
      const x = normal([60, 2, 2], 1);
      const other = normal([45, 2, 2], 2);
      const before = memory().live;
      tidy(() => {
        const same = metric(x, shuffledRows(x));
        expect(same).toBeGreaterThanOrEqual(0);
        expect(same).toBeLessThan(1e-7);
        // Twice each point is the same distribution; the unbiased covariance is a little smaller.
        const doubled = metric(cat([x, x]), x);
        expect(doubled).toBeLessThan(1e-7);
        expect(metric(x, other)).toBeGreaterThan(0.01);
        expect(metric(x.to("float32"), other)).toBeCloseTo(metric(x, other), 4);
        expect(() => metric(x, other.narrow(1, 0, 1))).toThrow(
          "samples of shape [60,2,2] and [45,1,2]; expected the same number of values",
        );
        expect(() => metric(x, other.div(0))).toThrow(/second samples have values that are NaN or/);
        expect(() => metric(x, other.narrow(0, 0, 0))).toThrow(/\[0,2,2\]; expected \[n, …\]/);
      });
      expect(memory().live).toBe(before);
    },
  );
});

describe("Wasserstein distances", () => {
  it("of a shift are its length, in one direction its share of it", () => {
    const x = normal([300, 3], 3);
    const y = shuffledRows(x.add(tensor([3, 0, -4], float64)));
    for (const p of orders) expect(wasserstein(x, y, { p }).value).toBeCloseTo(5, 5);
    const columns = columnWasserstein(x, y);
    [3, 0, 4].forEach((want, k) => {
      expect(columns[k]).toBeCloseTo(want, 10);
    });
  });

  it.each([
    [7, 5],
    [30, 30],
    [12, 48],
    [1, 9],
  ])("agree in one dimension, of %d against %d points, which some share", (n, m) => {
    const x = cat([normal([n - 1, 1], 4), column(0.5)]);
    const y = cat([normal([m - 1, 1], 5).add(1), column(0.5)]);
    expect(columnWasserstein(x, y)[0]).toBeCloseTo(wasserstein(x, y, { p: 1 }).value, 5);
    expect(columnWasserstein(x, y, { p: 2 })[0]).toBeCloseTo(wasserstein(x, y).value, 5);
  });
});

describe("energy distance and MMD", () => {
  it("of two points have their definition's values", () => {
    const x = tensor([[0, 0]], float64);
    const y = tensor([[3, 4]], float64);
    expect(energyDistance(x, y)).toBe(10);
    for (const bandwidth of [2, 5]) {
      const want = 2 - 2 * Math.exp(-25 / (2 * bandwidth ** 2));
      expect(mmd(x, y, { bandwidth })).toBeCloseTo(want, 14);
    }
    // Distances 1, 2 and 3; the median is 2. Points of one place have no scale of their own.
    expect(kernelWidths(column(0, 1), column(3))).toEqual([0.5, 1, 2, 4, 8]);
    expect(kernelWidths(column(2, 2), column(2))).toEqual([0.25, 0.5, 1, 2, 4]);
  });
});

describe("kernelInceptionDistance", () => {
  it("of points at 0 and points at c is 1 + (c² + 1)³ − 2", () => {
    expect(kernelInceptionDistance(column(0, 0), column(2, 2, 2))).toBeCloseTo(1 + 125 - 2, 12);
  });

  it("has the mean 0 between samples of one distribution, and falls below it", () => {
    const values = Array.from({ length: 200 }, (_, k) =>
      kernelInceptionDistance(normal([6, 3], 2 * k), normal([9, 3], 2 * k + 1)),
    );
    const { value, low, high } = meanEstimate(tensor(values, float64));
    expect(value - low).toBeGreaterThan(0);
    expect([low < 0, high > 0]).toEqual([true, true]);
    expect(Math.min(...values)).toBeLessThan(0);
  });

  it("needs two rows of each side", () => {
    expect(() => kernelInceptionDistance(column(0), column(1, 2))).toThrow(/at least 2/);
  });
});

describe("intervals", () => {
  const width = ({ low, high }: Estimate) => high - low;

  it("of shifted Gaussians on a line have the width of the difference of two means", () => {
    const n = 900;
    const m = 400;
    const x = normal([n, 1], 1);
    const y = normal([m, 1], 2).add(6);
    const want = 2 * 1.96 * Math.sqrt(1 / n + 1 / m);
    for (const p of orders) {
      const { value, ...found } = wasserstein(x, y, { p });
      expect(found.low).toBeLessThan(value);
      expect(Math.abs(width({ value, ...found }) / want - 1)).toBeLessThan(0.2);
    }
    const { value, low } = meanEstimate(x);
    expect(value - low).toBeCloseTo(1.96 * Math.sqrt(x.var({ correction: 1 }).item() / n), 12);
  });

  it("of resamples are around the value, wherever the resamples lie", () => {
    const values = Array.from({ length: 401 }, (_, k) => 10 + k / 100);
    const found = intervalOf(5, values);
    expect(found.low).toBeCloseTo(5 - 1.9, 10);
    expect(found.high).toBeCloseTo(5 + 1.9, 10);
    expect(intervalOf(1, values, 0).low).toBe(0);
    // Resamples of one row again and again have no ratio of variances.
    expect(intervalOf(5, [...values, Number.NaN, Number.POSITIVE_INFINITY])).toEqual(found);
    expect(intervalOf(5, [Number.NaN])).toEqual({ value: 5, low: Number.NaN, high: Number.NaN });
  });
});

// Metrics of vectors against closed forms: shifts, two points, Gaussians, and exact transport.
import { arange, cat, liveTensors, randperm, type Tensor, tensor, tidy } from "@dsbm/torch";
import { beforeEach, describe, expect } from "vitest";
import { collectGarbage } from "../../../../../../test/support/collect.js";
import { it } from "../../../../../../test/support/in-scope.js";
import { normal, seeded } from "../../../../../../test/support/numbers.js";
import { energyDistance, mmd } from "../../../src/metric/vectors/kernels.js";
import { bw2Uvp, displacement, momentErrors } from "../../../src/metric/vectors/moments.js";
import { columnWasserstein, slicedWasserstein } from "../../../src/metric/vectors/sliced.js";
import { wasserstein } from "../../../src/metric/vectors/wasserstein.js";

// Live tensors are counted.
beforeEach(collectGarbage);

const float64 = { dtype: "float64" } as const;
const column = (...values: number[]) => tensor(values, float64).unsqueeze(1);
const shuffledRows = (x: Tensor) => x.indexSelect(0, randperm(x.size(0), { generator: seeded(9) }));
const orders = [1, 2] as const;

/** The distribution function of the standard normal, by Simpson's rule. */
function normalCdf(x: number): number {
  const steps = 2000;
  let sum = 0;
  for (let k = 0; k <= steps; k++) {
    const weight = k === 0 || k === steps ? 1 : k % 2 === 1 ? 4 : 2;
    sum += weight * Math.exp(-0.5 * ((x * k) / steps) ** 2);
  }
  return 0.5 + ((x / steps / 3) * sum) / Math.sqrt(2 * Math.PI);
}

describe("every metric", () => {
  const metrics: [string, (x: Tensor, y: Tensor) => number][] = [
    ...orders.flatMap((p): [string, (x: Tensor, y: Tensor) => number][] => [
      [`wasserstein ${p}`, (x, y) => wasserstein(x, y, { p }).value],
      [`slicedWasserstein ${p}`, (x, y) => slicedWasserstein(x, y, { p })],
      [`columnWasserstein ${p}`, (x, y) => Math.max(...columnWasserstein(x, y, { p }))],
    ]),
    ["energyDistance", (x, y) => energyDistance(x, y).value],
    ["mmd", (x, y) => mmd(x, y, { unbiased: false }).value],
    ["momentErrors, mean", (x, y) => momentErrors(x, y).mean],
    ["momentErrors, covariance", (x, y) => momentErrors(x, y).covariance],
    ["bw2Uvp", bw2Uvp],
  ];

  it.each(metrics)(
    "%s is 0 for the same points in another order, positive for others, and keeps no tensors",
    (_name, metric) => {
      const x = normal([60, 2, 2], 1);
      const other = normal([45, 2, 2], 2);
      const before = liveTensors();
      tidy(() => {
        const same = metric(x, shuffledRows(x));
        expect(same).toBeGreaterThanOrEqual(0);
        expect(same).toBeLessThan(1e-7);
        // Twice each point is the same distribution; the unbiased covariance is a little smaller.
        const doubled = metric(cat([x, x]), x);
        expect(doubled).toBeLessThan(
          _name.includes("covariance") || metric === bw2Uvp ? 0.05 : 1e-7,
        );
        expect(metric(x, other)).toBeGreaterThan(0.01);
        expect(metric(x.to("float32"), other)).toBeCloseTo(metric(x, other), 4);
        expect(() => metric(x, other.narrow(1, 0, 1))).toThrow(
          "samples of shape [60,2,2] beside [45,1,2]; expected the same number of values",
        );
        expect(() => metric(x, other.div(0))).toThrow(/second samples have values that are NaN or/);
        expect(() => metric(x, other.narrow(0, 0, 0))).toThrow(/\[0,2,2\]; expected \[n, …\]/);
      });
      expect(liveTensors()).toBe(before);
    },
  );
});

describe("Wasserstein distances", () => {
  it("of a shift are its length, in one direction its share of it", () => {
    const x = normal([300, 3], 3);
    const y = shuffledRows(x.add(tensor([3, 0, -4], float64)));
    for (const p of orders) {
      expect(wasserstein(x, y, { p }).value).toBeCloseTo(5, 5);
      const columns = columnWasserstein(x, y, { p });
      [3, 0, 4].forEach((want, k) => {
        expect(columns[k]).toBeCloseTo(want, 10);
      });
    }
    // E (θ·s)² = |s|²/d and E |θ·s| = |s|/2 in three dimensions.
    const options = { directions: 4000 };
    expect(slicedWasserstein(x, y, { p: 2, ...options })).toBeCloseTo(5 / Math.sqrt(3), 1);
    expect(slicedWasserstein(x, y, { p: 1, ...options })).toBeCloseTo(5 / 2, 1);
  });

  it.each([
    [7, 5],
    [30, 30],
    [12, 48],
    [1, 9],
  ])("agree in one dimension, of %d against %d points, which some share", (n, m) => {
    const x = cat([normal([n - 1, 1], 4), column(0.5)]);
    const y = cat([normal([m - 1, 1], 5).add(1), column(0.5)]);
    for (const p of orders) {
      const want = wasserstein(x, y, { p }).value;
      expect(columnWasserstein(x, y, { p })[0]).toBeCloseTo(want, 5);
      expect(slicedWasserstein(x, y, { p, directions: 3 })).toBeCloseTo(want, 5);
    }
  });

  it("of Gaussians go to the closed form: |σ₁ − σ₂| along each direction", () => {
    const x = normal([20_000, 2], 6);
    const y = normal([15_000, 2], 7).mul(3);
    expect(slicedWasserstein(x, y)).toBeCloseTo(2, 1);
    for (const distance of columnWasserstein(x, y))
      expect(distance).toBeCloseTo(2 * Math.sqrt(2 / Math.PI), 1);
  });
});

describe("energy distance and MMD", () => {
  it("of two points have their definition's values", () => {
    const x = tensor([[0, 0]], float64);
    const y = tensor([[3, 4]], float64);
    expect(energyDistance(x, y)).toMatchObject({ value: 10, n: 1, m: 1, subsampled: false });
    for (const bandwidth of [2, 5]) {
      const want = 2 - 2 * Math.exp(-25 / (2 * bandwidth ** 2));
      expect(mmd(x, y, { bandwidth }).value).toBeCloseTo(want, 14);
    }
    // Distances 1, 2 and 3; the median is 2. Points of one place have no scale of their own.
    expect(mmd(column(0, 1), column(3)).bandwidth).toEqual([0.5, 1, 2, 4, 8]);
    expect(mmd(column(2, 2), column(2))).toMatchObject({
      value: 0,
      bandwidth: [0.25, 0.5, 1, 2, 4],
    });
    expect(mmd(normal([90, 3], 1), normal([40, 3], 2), { most: 50 })).toMatchObject({
      n: 50,
      m: 40,
      subsampled: true,
    });
  });

  it("of Gaussians N(0, 1) and N(μ, 1) go to the closed forms", () => {
    const n = 3000;
    const mu = 0.8;
    const h = 0.7;
    // Standard normal numbers without noise: the quantiles of (k + 1/2)/n.
    const levels = arange(0, n, float64).add(0.5).div(n);
    const x = levels.mul(2).sub(1).erfinv().mul(Math.SQRT2).unsqueeze(1);
    const y = x.add(mu);
    const absolute = (m: number) =>
      (2 / Math.sqrt(Math.PI)) * Math.exp(-(m ** 2) / 4) + m * (2 * normalCdf(m / Math.SQRT2) - 1);
    const energy = 2 * absolute(mu) - 2 * absolute(0);
    expect(energyDistance(x, y).value).toBeCloseTo(energy, 3);
    const kernel = (m: number) =>
      (h / Math.sqrt(h ** 2 + 2)) * Math.exp(-(m ** 2) / (2 * (h ** 2 + 2)));
    expect(mmd(x, y, { bandwidth: h, unbiased: false }).value).toBeCloseTo(
      2 * kernel(0) - 2 * kernel(mu),
      3,
    );
  });
});

describe("moments of vectors", () => {
  it("differ by the shift and by the covariance that was added", () => {
    const x = normal([50, 3], 1);
    const shifted = momentErrors(x.add(tensor([2, -1, 2], float64)), x);
    expect(shifted.mean).toBeCloseTo(3, 12);
    expect(shifted.covariance).toBeLessThan(1e-12);
    const scaled = momentErrors(x.mul(2), x);
    expect(scaled.covariance / 3).toBeCloseTo(x.t().cov().square().sum().sqrt().item(), 12);
    expect(() => momentErrors(x.narrow(0, 0, 1), x)).toThrow(/expected at least 2/);
  });

  it("give BW²-UVP: 100 % for a constant at the mean, 100 |shift|²/tr Σ for a shift", () => {
    const y = normal([200, 4], 2).mul(3);
    const total = y.t().cov().trace().item();
    expect(bw2Uvp(y.mean(0, { keepdim: true }).expand([5, 4]), y)).toBeCloseTo(100, 8);
    expect(bw2Uvp(y.add(2), y)).toBeCloseTo((100 * 16) / total, 8);
    expect(bw2Uvp(y.sub(y.mean(0)).mul(1.5), y.sub(y.mean(0)))).toBeCloseTo(25, 8);
    expect(() => bw2Uvp(y, y.mul(0))).toThrow(/constant/);
  });
});

describe("displacement", () => {
  it("is that of the pairs, beside that of the best pairs of the same points", () => {
    const x = normal([80, 2], 1);
    const y = x.add(2);
    expect(displacement(x, y)).toEqual({
      msd: expect.closeTo(8, 10),
      optimal: expect.closeTo(8, 5),
      n: 80,
      subsampled: false,
    });
    const other = displacement(x, shuffledRows(y));
    expect(other.optimal).toBeCloseTo(8, 5);
    expect(other.msd).toBeGreaterThan(9);
    // A subsample keeps the pairs.
    expect(displacement(x, y, { most: 30 })).toMatchObject({ n: 30, subsampled: true });
    expect(displacement(x, y, { most: 30 }).msd).toBeCloseTo(8, 10);
    expect(() => displacement(x, normal([79, 2], 1))).toThrow(/expected one end per start/);
  });
});

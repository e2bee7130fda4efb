// The exact Gaussian bridge: published values, closed forms against samples, and fits that vanish or not.
import { randn, tensor, tidy } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { generatorOf } from "../../../../../test/support/numbers.js";
import {
  type Divergence,
  discretisedMarginals,
  exactCovariance,
  exactDrift,
  exactMarginal,
  expectedKL,
  gaussianKL,
} from "../../src/metric/gaussian-bridge.js";
import { moments, squaredDisplacement } from "../../src/metric/moments.js";

const bridge = { a: 0.1, sigma: 1 };
const lastOf = <T>(list: readonly T[]) => list[list.length - 1];

describe("the exact bridge", () => {
  it("has the covariance (√(4+σ⁴) − σ²)/2: golden for σ = 1, 1 without noise, 0 in the limit", () => {
    expect(exactCovariance({ sigma: 1 })).toBeCloseTo((Math.sqrt(5) - 1) / 2, 15);
    expect(exactCovariance({ sigma: 0 })).toBe(1);
    expect(exactCovariance({ sigma: 30 })).toBeCloseTo(1 / 900, 6);
    // Gaussian ends of covariance c are a Schrödinger bridge if and only if c = (1 − c²)/σ².
    for (const sigma of [0.3, 1, 2]) {
      const c = exactCovariance({ sigma });
      expect(c * sigma ** 2).toBeCloseTo(1 - c ** 2, 12);
    }
  });

  it("starts and ends in the data, and its drifts are mirror images", () => {
    expect(exactMarginal({ a: 2, sigma: 0.7 }, 0)).toEqual({ mean: -2, var: 1 });
    expect(exactMarginal({ a: 2, sigma: 0.7 }, 1)).toEqual({ mean: 2, var: 1 });
    for (const t of [0, 0.2, 0.6]) {
      const f = exactDrift("f", bridge, t);
      const b = exactDrift("b", bridge, 1 - t);
      expect(b.slope).toBeCloseTo(f.slope, 12);
      expect(b.shift).toBeCloseTo(-f.shift, 12);
    }
  });

  it("has drifts that keep its marginals: d mean/dt and d var/dt of the linear equation", () => {
    const t = 0.4;
    const h = 1e-5;
    for (const p of [bridge, { a: 1, sigma: 0.5 }]) {
      const { slope, shift } = exactDrift("f", p, t);
      const at = exactMarginal(p, t);
      const low = exactMarginal(p, t - h);
      const high = exactMarginal(p, t + h);
      expect((high.mean - low.mean) / (2 * h)).toBeCloseTo(slope * at.mean + shift, 7);
      expect((high.var - low.var) / (2 * h)).toBeCloseTo(2 * slope * at.var + p.sigma ** 2, 7);
    }
  });

  it.each(["f", "b"] as const)(
    "ends with variance 1.0157 after 20 Euler steps, 1.0031 after 100 (%s)",
    (d) => {
      expect(Math.abs(lastOf(discretisedMarginals(d, bridge, 20)).var - 1.0157)).toBeLessThan(1e-4);
      expect(Math.abs(lastOf(discretisedMarginals(d, bridge, 100)).var - 1.0031)).toBeLessThan(
        1e-4,
      );
      expect(lastOf(discretisedMarginals(d, bridge, 100)).mean).toBeCloseTo(
        d === "f" ? 0.1 : -0.1,
        3,
      );
      expect(discretisedMarginals(d, bridge, 20)).toHaveLength(21);
    },
  );
});

describe("gaussianKL", () => {
  const t = 0.3;
  const exact = exactMarginal(bridge, t);

  it("is zero for samples that have the exact moments, and grows by the closed form with others", () => {
    const corners = [1, -1].flatMap((x) => [1, -1].flatMap((y) => [1, -1].map((z) => [x, y, z])));
    const unit = tensor(corners, { dtype: "float64" }).mul(Math.sqrt(7 / 8));
    const at = (mean: number, v: number) => gaussianKL(unit.mul(Math.sqrt(v)).add(mean), bridge, t);
    for (const value of Object.values(at(exact.mean, exact.var)))
      expect(Math.abs(value)).toBeLessThan(1e-12);
    const got = at(exact.mean + 0.2, 2 * exact.var);
    const want = 1.5 * (2 - 1 - Math.log(2) + 0.04 / exact.var);
    expect(got.diag).toBeCloseTo(want, 12);
    expect(got.full).toBeCloseTo(want, 12);
    expect(got.iso).toBeCloseTo(want, 12);
  });

  it.each([
    [50, 3],
    [20, 5],
  ])("averages to expectedKL over many draws of %d samples in %d dimensions", (n, d) => {
    const got = { mean: exact.mean + 0.05, var: 1.1 * exact.var };
    const generator = generatorOf(17);
    const draws: Divergence[] = Array.from({ length: 150 }, () =>
      tidy(() =>
        gaussianKL(
          randn([n, d], { generator, dtype: "float64" }).mul(Math.sqrt(got.var)).add(got.mean),
          bridge,
          t,
        ),
      ),
    );
    const floor = expectedKL(got, bridge, t, n, d);
    for (const key of ["diag", "full", "iso"] as const) {
      const values = draws.map((k) => k[key]);
      const mean = values.reduce((a, b) => a + b) / values.length;
      const sd = Math.sqrt(values.reduce((a, v) => a + (v - mean) ** 2, 0) / (values.length - 1));
      expect(Math.abs(mean - floor[key])).toBeLessThan((5 * sd) / Math.sqrt(values.length));
    }
    expect(floor.full).toBeGreaterThan(floor.diag);
  });
});

describe("moments", () => {
  it("are the textbook's numbers, averaged over coordinates of any shape", () => {
    const end = tensor([1, 10, 3, 14, 8, 18], { dtype: "float64" }).reshape([3, 1, 2]);
    const start = tensor([0, 1, 2, 1, 4, 4], { dtype: "float64" }).reshape([3, 1, 2]);
    const m = moments(end, start);
    expect(m.mean).toBeCloseTo(9, 12);
    expect(m.var).toBeCloseTo((13 + 16) / 2, 12);
    expect(m.cov).toBeCloseTo((7 + 6) / 2, 12);
    expect(squaredDisplacement(end, start)).toBeCloseTo((1 + 81 + 1 + 169 + 16 + 196) / 3, 12);
  });
});

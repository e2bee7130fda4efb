// Entropic plans: marginals, limits, closed forms and invariances, over regularisations from tiny to huge.
import { cat, randn, type Tensor, tensor, tidy } from "@dsbm/torch";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { expectClose } from "../../../../../test/support/close.js";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, generatorOf, normal } from "../../../../../test/support/numbers.js";
import { squaredDistances } from "../../src/ot/cost.js";
import { exactPlan } from "../../src/ot/exact.js";
import { sinkhorn } from "../../src/ot/sinkhorn.js";

const uniform = (n: number) => tensor(new Array(n).fill(1 / n), { dtype: "float64" });
const rowError = (plan: Tensor, a: Tensor) => plan.sum(-1).sub(a).abs().sum().item();
const columnError = (plan: Tensor, b: Tensor) => plan.sum(-2).sub(b).abs().sum().item();

let cost: Tensor;
let mean: number;
beforeAll(() => {
  cost = tidy(() => squaredDistances(normal([30, 3], 1), normal([40, 3], 2).add(0.5))).keep();
  mean = tidy(() => cost.mean().item());
});
afterAll(() => cost.dispose());

describe("sinkhorn", () => {
  it.each([1e-3, 1e-2, 0.1, 1, 10, 100])(
    "has the sums of a plan at reg = %d × the mean cost",
    (ratio) => {
      const options = { reg: ratio * mean, iterations: 4000 };
      const { plan, error, converged, iterations } = sinkhorn(cost, options);
      expect(plan.dtype).toBe("float64");
      expect(plan.isfinite().all().item()).toBe(true);
      expect(plan.amin().item()).toBeGreaterThanOrEqual(0);
      expect(iterations).toBeLessThanOrEqual(4000 + 20 * 20); // at most 20 larger regularisations first
      expect(columnError(plan, uniform(40))).toBeLessThan(1e-9);
      expect(Math.abs(rowError(plan, uniform(30)) - error)).toBeLessThan(1e-9);
      expect(converged).toBe(error <= 1e-9);
      if (ratio >= 1e-2) expect(converged).toBe(true);
      else expect(error).toBeLessThan(1e-5);
    },
  );

  it("has the form exp((f + g − C)/reg): its cross ratios equal the kernel's", () => {
    const reg = 0.2 * mean;
    const { plan } = sinkhorn(cost, { reg });
    const logs = plan.log().add(cost.div(reg));
    const cross = logs
      .sub(logs.narrow(0, 0, 1))
      .sub(logs.narrow(1, 0, 1))
      .add(logs.narrow(0, 0, 1).narrow(1, 0, 1));
    expect(cross.abs().amax().item()).toBeLessThan(1e-9);
  });

  it("equals the closed form of two points: p/(1/2 − p) = e^{(c01 + c10 − c00 − c11)/(2·reg)}", () => {
    for (const reg of [0.1, 0.3, 2]) {
      const costs = tensor([0.1, 1, 0.7, 0.2], { shape: [2, 2], dtype: "float64" });
      const { plan } = sinkhorn(costs, { reg, tolerance: 1e-13 });
      const ratio = Math.exp((1 + 0.7 - 0.1 - 0.2) / (2 * reg));
      const p = (0.5 * ratio) / (1 + ratio);
      expectClose(plan.toNumbers(), [p, 0.5 - p, 0.5 - p, p], 11);
    }
  });

  it.each([
    [0.01, "a wide range of costs, by a matrix"],
    [0.3, "products of the points"],
    [5, "nearly independent pairs"],
  ])("is the same from points as from their costs, at reg = %d × the mean cost: %s", (ratio) => {
    const x0 = normal([30, 3], 1);
    const x1 = normal([40, 3], 2).add(0.5);
    for (const penalty of [null, mean]) {
      const options = { reg: ratio * mean, penalty };
      const points = sinkhorn({ x0, x1 }, options);
      const matrix = sinkhorn(cost, options);
      expect(points.converged).toBe(true);
      expect(distance(points.plan, matrix.plan)).toBeLessThan(1e-9);
    }
  });

  it.each([11, 12, 13])(
    "ends for little entropy, other scales, ties and few points (%i)",
    (seed) => {
      const generator = generatorOf(seed);
      const draw = (shape: number[]) => randn(shape, { generator });
      for (const [n, m, dim, ratio] of [
        [7, 2, 3, 0.001],
        [30, 13, 3, 0.0005],
        [37, 12, 4, 0.0004],
        [20, 5, 1, 0.001],
        [40, 40, 2, 0.01],
      ])
        for (const scale of [0.02, 50])
          tidy(() => {
            const x0 = draw([n, dim]).mul(scale);
            const x1 = cat([x0.narrow(0, 0, 2), draw([m, dim]).mul(scale)]).narrow(0, 0, m);
            const costs = squaredDistances(x0, x1);
            const reg = ratio * costs.mean().item();
            for (const penalty of [null, 20 * reg]) {
              const { error, plan } = sinkhorn({ x0, x1 }, { reg, penalty });
              expect(error).toBeLessThan(1e-7);
              expect(plan.isfinite().all().item()).toBe(true);
            }
          });
    },
  );

  it.each([2, 3, 50].flatMap((d) => [0.05, 0.1, 0.2, 0.5].map((sigma) => ({ d, sigma }))))(
    "of a batch is near its sums in 300 iterations: d = $d, σ = $sigma",
    ({ d, sigma }) => {
      const x0 = normal([256, d], 3);
      const x1 = normal([256, d], 4).add(0.8);
      const { plan } = sinkhorn({ x0, x1 }, { reg: 2 * sigma ** 2, iterations: 300 });
      expect(rowError(plan, uniform(256))).toBeLessThan(2e-5);
      expect(columnError(plan, uniform(256))).toBeLessThan(2e-5);
    },
  );

  it("goes to the product plan for large reg and to the exact cost for small", () => {
    const large = sinkhorn(cost, { reg: 1e7 * mean }).plan;
    expect(distance(large, tensor(1 / 1200, { dtype: "float64" }))).toBeLessThan(1e-7 / 100);
    const { cost: least } = exactPlan(Float64Array.from(cost.toNumbers()), 30, 40);
    const gap = (reg: number) => sinkhorn(cost, { reg }).plan.mul(cost).sum().item() - least;
    const near = gap(1e-3 * mean);
    const far = gap(1e-2 * mean);
    expect(near).toBeGreaterThan(-1e-8);
    expect(near).toBeLessThan(far);
    // The gap is at most reg times the entropy, at most ln 1200.
    expect(near).toBeLessThan(1e-3 * mean * Math.log(1200));
  });
});

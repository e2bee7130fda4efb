// Unbalanced transport: the closed form of single points, the conditions of optimality, the bridge between Gaussians whose
// marginals are penalised, and its limits.
import { tensor, where } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { normal } from "../../../../../test/support/numbers.js";
import { squaredDistances } from "../../src/ot/cost.js";
import { sinkhorn } from "../../src/ot/sinkhorn.js";

describe("sinkhorn with a penalty", () => {
  it("between two points is p = exp(−c/(reg + 2·penalty))", () => {
    for (const [c, reg, penalty] of [
      [3, 1, 1],
      [0.2, 0.05, 4],
      [10, 2, 0.3],
    ]) {
      const { plan, converged } = sinkhorn(tensor([[c]]), { reg, penalty, tolerance: 1e-13 });
      expect(converged).toBe(true);
      expect(plan.item()).toBeCloseTo(Math.exp(-c / (reg + 2 * penalty)), 8);
    }
  });

  it.each([0.02, 0.3, 5])("fulfils the conditions of optimality at reg = %d", (reg) => {
    const n = 12;
    const m = 17;
    const penalty = 0.8;
    const cost = squaredDistances(normal([n, 2], 1), normal([m, 2], 2).add(0.7));
    const { plan, converged, error } = sinkhorn(cost, { reg, penalty });
    expect(converged).toBe(true);
    expect(error).toBeLessThan(1e-9);
    // ∂/∂P: c + reg log(P/ab) + ρ log(P1/a) + ρ log(Pᵀ1/b) = 0 everywhere, the objective being convex.
    const gradient = plan
      .mul(n * m)
      .log()
      .mul(reg)
      .add(plan.sum(1, { keepdim: true }).mul(n).log().mul(penalty))
      .add(plan.sum(0, { keepdim: true }).mul(m).log().mul(penalty))
      .add(cost);
    // Entries below 1e-200 are zeros of double precision.
    const seen = where(plan.gt(1e-200), gradient, plan.mul(0));
    expect(seen.abs().amax().item()).toBeLessThan(1e-5);
  });
});

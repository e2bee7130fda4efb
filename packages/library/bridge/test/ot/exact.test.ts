// Exact plans of given costs and of points: brute force, known answers, the duality gap, and the range of float32.
import { cat, tensor } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { normal, shuffledRows } from "../../../../../test/support/numbers.js";
import { assignment } from "../../src/ot/assignment.js";
import { pointCosts, squaredDistances } from "../../src/ot/cost.js";
import { exactPointPlan } from "../../src/ot/exact.js";
import { simplex } from "../../src/ot/simplex.js";
import { bruteForce, marginals } from "./helpers.js";

/** Small whole coordinates: many points coincide and many costs are equal. */
const onGrid = (n: number, d: number, seed: number) => normal([n, d], seed).mul(1.5).round();

describe("exactPointPlan", () => {
  it.each([1, 2] as const)("has the least cost of all permutations (p = %d)", (p) => {
    for (const make of [onGrid, (n: number, d: number, seed: number) => normal([n, d], seed)])
      for (let n = 1; n <= 6; n++) {
        const x = make(n, 2, n);
        const y = make(n, 2, n + 10);
        const cost = Float64Array.from(squaredDistances(x, y).toNumbers(), (c) => c ** (p / 2));
        const want = bruteForce(cost, n) / n;
        expect(Math.abs(exactPointPlan(x, y, { p }).cost - want)).toBeLessThan(1e-6);
      }
  });

  it.each([1, 2] as const)("needs no costs in memory for the same plan (p = %d)", (p) => {
    const [x, y] = [normal([60, 3], 1), normal([40, 3], 2)];
    const [kept, again] = [{}, { mostCosts: 0 }].map((way) => exactPointPlan(x, y, { p, ...way }));
    expect(again.plan).toEqual(kept.plan);
    expect(again.cost).toBe(kept.cost);
  });

  it("finds a shift of the points at the cost of the shift", () => {
    for (const [n, d] of [
      [1, 3],
      [400, 1],
      [400, 3],
    ] as const) {
      const x = normal([n, d], 1);
      const y = shuffledRows(x.add(3));
      for (const p of [1, 2] as const)
        expect(exactPointPlan(x, y, { p }).cost / (9 * d) ** (p / 2)).toBeCloseTo(1, 6);
      const { permutation } = exactPointPlan(x, y);
      const found = y.indexSelect(0, tensor(BigInt64Array.from(permutation ?? [], BigInt)));
      expect(found.sub(x).sub(3).abs().amax().item()).toBeLessThan(1e-12);
    }
  });

  it.each([
    ["Gaussians", 1000, (n: number, seed: number) => normal([n, 2], seed)],
    ["Gaussians in 20 dimensions", 600, (n: number, seed: number) => normal([n, 20], seed)],
    ["a grid with 80 points in each place", 800, (n: number, seed: number) => onGrid(n, 1, seed)],
    ["one place", 300, (n: number) => normal([1, 2], 0).expand([n, 2])],
  ])("proves its optimum by feasible dual prices of the same value: %s", (_name, n, make) => {
    const { cost } = pointCosts(make(n, 1), make(n, 2), 2);
    const solved = simplex(cost, n, n);
    let violation = 0;
    for (let k = 0; k < cost.length; k++)
      violation = Math.max(violation, solved.u[Math.floor(k / n)] + solved.v[k % n] - cost[k]);
    expect(violation).toBeLessThan(1e-13);
    const dual = [...solved.u, ...solved.v].reduce((p, q) => p + q, 0) / n;
    expect(Math.abs(solved.cost - dual)).toBeLessThan(1e-13);
    expect(Math.abs(assignment(cost, n).cost / n - dual)).toBeLessThan(1e-13);
  });

  it("splits mass between unequal numbers of points of any shape", () => {
    const y = tensor([1, 2, 6], { dtype: "float64" }).reshape([3, 1, 1]);
    const { plan, permutation, cost } = exactPointPlan(cat([y.narrow(0, 0, 2)]), y, { p: 1 });
    expect(permutation).toBeUndefined();
    // 1/3 stays at 1; 1/6 goes from 1 to 2; of 1/2 at 2, 1/6 stays and 1/3 goes to 6.
    expect(cost).toBeCloseTo(1 / 6 + 4 / 3, 6);
    expect([...marginals(plan).b]).toEqual([1, 1, 1].map((w) => expect.closeTo(w / 3, 12)));
  });
});

// Partial transport: brute force over all choices of pairs, the exact plan at share 1, and outliers that are left out.
import { describe, expect, it } from "vitest";
import { exactPlan } from "../../src/ot/exact.js";
import { partialPlan } from "../../src/ot/partial.js";
import { bruteForce, numbers, seeded, squaredCosts } from "./helpers.js";

/** All choices of k of 0 … n−1. */
function choices(n: number, k: number): number[][] {
  if (k === 0) return [[]];
  if (n < k) return [];
  return [...choices(n - 1, k), ...choices(n - 1, k - 1).map((some) => [...some, n - 1])];
}

describe("partialPlan", () => {
  it("costs the least of all choices of as many pairs, found by trying them", () => {
    const random = seeded(3);
    for (const n of [1, 2, 4, 5]) {
      const cost = squaredCosts(numbers(2 * n, random), numbers(2 * n, random), 2);
      for (let pairs = 1; pairs <= n; pairs++) {
        const { plan, cost: found } = partialPlan(cost, n, { share: pairs / n });
        expect(plan.mass.length).toBe(pairs);
        expect(new Set(plan.rows).size).toBe(pairs);
        expect(new Set(plan.columns).size).toBe(pairs);
        const all = choices(n, pairs).flatMap((rows) =>
          choices(n, pairs).map((columns) => {
            const part = rows.flatMap((i) => columns.map((j) => cost[i * n + j] as number));
            return bruteForce(Float64Array.from(part), pairs);
          }),
        );
        expect(found).toBeCloseTo(Math.min(...all) / n, 12);
        const own = plan.rows.reduce(
          (sum, i, k) => sum + (cost[i * n + (plan.columns[k] as number)] as number),
          0,
        );
        expect(own / n).toBeCloseTo(found, 12);
      }
    }
  });

  it("of share 1 is the exact plan", () => {
    const random = seeded(5);
    const cost = squaredCosts(numbers(60, random), numbers(60, random), 2);
    expect(partialPlan(cost, 30, { share: 1 }).plan).toEqual(exactPlan(cost, 30, 30).plan);
  });

  it("leaves outliers of both ends out", () => {
    const random = seeded(7);
    const [x, y] = [numbers(80, random), numbers(80, random)];
    for (let d = 0; d < 2; d++) {
      for (const i of [3, 17]) x[2 * i + d] = 50;
      for (const j of [8, 9]) y[2 * j + d] = -50;
    }
    const { plan } = partialPlan(squaredCosts(x, y, 2), 40, { share: 0.95 });
    const absent = (used: Int32Array) =>
      Array.from({ length: 40 }, (_, i) => i).filter((i) => !used.includes(i));
    expect(absent(plan.rows)).toEqual([3, 17]);
    expect(absent(plan.columns)).toEqual([8, 9]);
  });

  it("serves equal points, and refuses a share that is none", () => {
    expect(partialPlan(new Float64Array(9), 3, { share: 0.67 }).plan.mass.length).toBe(2);
    for (const share of [0, 1.1, Number.NaN])
      expect(() => partialPlan(new Float64Array(1), 1, { share })).toThrow(
        `share is ${share}; expected the part of the mass`,
      );
  });
});

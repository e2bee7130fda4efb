// Partial transport: brute force over all choices of pairs, the exact plan at share 1, and dropped
// outliers.
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
        const plan = partialPlan(cost, n, { share: pairs / n });
        expect(plan.mass.length).toBe(pairs);
        expect(new Set(plan.rows).size).toBe(pairs);
        expect(new Set(plan.columns).size).toBe(pairs);
        const all = choices(n, pairs).flatMap((rows) =>
          choices(n, pairs).map((columns) => {
            const part = rows.flatMap((i) => columns.map((j) => cost[i * n + j] as number));
            return bruteForce(Float64Array.from(part), pairs);
          }),
        );
        const own = plan.rows.reduce(
          (sum, i, k) => sum + (cost[i * n + (plan.columns[k] as number)] as number),
          0,
        );
        expect(own).toBeCloseTo(Math.min(...all), 12);
      }
    }
  });

  it("of share 1 is the exact plan", () => {
    const random = seeded(5);
    const cost = squaredCosts(numbers(60, random), numbers(60, random), 2);
    expect(partialPlan(cost, 30, { share: 1 })).toEqual(exactPlan(cost, 30, 30).plan);
  });
});

// The assignment solver against brute force and against its own proof of optimality.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignment } from "../../src/ot/assignment.js";
import { permutationPlan } from "../../src/ot/plan.js";
import { bruteForce, expectOptimal, seededRandom } from "./helpers.js";

function check(cost: Float64Array, n: number) {
  const solved = assignment(cost, n);
  expect([...solved.columns].sort((p, q) => p - q)).toEqual(Array.from({ length: n }, (_, i) => i));
  const total = solved.columns.reduce((sum, j, i) => sum + cost[i * n + j], 0);
  expect(solved.cost).toBeCloseTo(total, 12);
  expectOptimal(cost, { ...solved, plan: permutationPlan(solved.columns) });
  return solved;
}

describe("assignment", () => {
  it("finds an optimum among ties", () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 6 })
          .chain((n) =>
            fc.tuple(
              fc.constant(n),
              fc.array(fc.integer({ min: -2, max: 3 }), { minLength: n * n, maxLength: n * n }),
            ),
          ),
        ([n, entries]) => {
          const cost = Float64Array.from(entries);
          expect(check(cost, n).cost).toBe(bruteForce(cost, n));
        },
      ),
      { seed: 2, numRuns: 300 },
    );
  });

  it.each([
    ["all equal", () => 3],
    ["all zero", () => 0],
    ["few integers", (_k: number, random: () => number) => Math.floor(random() * 3)],
    ["products", (k: number) => ((k % 300) + 1) * (Math.floor(k / 300) + 1)],
    ["sums", (k: number) => (k % 300) + 2 * Math.floor(k / 300)],
    [
      "a huge outlier",
      (_k: number, random: () => number) => random() * (random() < 0.01 ? 1e9 : 1),
    ],
    ["tiny", (_k: number, random: () => number) => random() * 1e-200],
  ])("proves optimality at n = 300: %s", (_name, entry) => {
    const random = seededRandom(3);
    const cost = Float64Array.from({ length: 300 * 300 }, (_, k) => entry(k, random));
    check(cost, 300);
  });
});

// The assignment solver against brute force and against its own proof of optimality.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignment } from "../../src/ot/assignment.js";
import { permutationPlan } from "../../src/ot/plan.js";
import { bruteForce, expectOptimal, numbers, seeded, squaredCosts } from "./helpers.js";

function check(cost: Float64Array, n: number) {
  const solved = assignment(cost, n);
  expect([...solved.columns].sort((p, q) => p - q)).toEqual(Array.from({ length: n }, (_, i) => i));
  const total = solved.columns.reduce((sum, j, i) => sum + cost[i * n + j]!, 0);
  expect(solved.cost).toBeCloseTo(total, 12);
  expectOptimal(cost, { ...solved, plan: permutationPlan(solved.columns) });
  return solved;
}

describe("assignment", () => {
  it("finds the cheapest permutation of all", () => {
    const random = seeded(1);
    for (let n = 1; n <= 7; n++) {
      for (let repeat = 0; repeat < 20; repeat++) {
        const cost = numbers(n * n, () => random() * 10 - 3);
        expect(check(cost, n).cost).toBeCloseTo(bruteForce(cost, n), 10);
      }
    }
  });

  it("finds it among ties", () => {
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
    const random = seeded(3);
    const cost = Float64Array.from({ length: 300 * 300 }, (_, k) => entry(k, random));
    check(cost, 300);
  });

  it("takes float32 as well", () => {
    const random = seeded(4);
    const n = 60;
    const cost = squaredCosts(numbers(n * 3, random), numbers(n * 3, random), 3);
    const stored = check(cost, n);
    const single = Float32Array.from(cost);
    expect(assignment(single, n)).toEqual(assignment(Float64Array.from(single), n));
    expect(assignment(single, n).cost).toBeCloseTo(stored.cost, 5);
  });

  it("refuses costs that are not finite and sizes that do not fit", () => {
    const refused = (cost: number[], n: number) => () => assignment(Float64Array.from(cost), n);
    expect(refused([1, 2, Number.NaN, 3], 2)).toThrow(/cost\[1, 0\] is NaN/);
    expect(refused([1, Number.NEGATIVE_INFINITY, 1, 3], 2)).toThrow(/cost\[0, 1\] is -Infinity/);
    expect(refused([1, 2, 3], 2)).toThrow(/3 entries: expected n × m = 2 × 2/);
    expect(refused([], 0)).toThrow(expect.objectContaining({ code: "argument" }));
  });
});

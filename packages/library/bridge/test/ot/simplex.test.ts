// The simplex against the assignment, against brute force, and against its own proof.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignment } from "../../src/ot/assignment.js";
import { simplex } from "../../src/ot/simplex.js";
import { bruteForce, expectOptimal, marginals, numbers, seeded, squaredCosts } from "./helpers.js";

function check(cost: Float64Array, n: number, m: number) {
  const solved = simplex(cost, n, m);
  const sums = marginals(solved.plan);
  for (const a of sums.a) expect(Math.abs(a - 1 / n)).toBeLessThan(4e-15);
  for (const b of sums.b) expect(Math.abs(b - 1 / m)).toBeLessThan(4e-15);
  expect(solved.plan.mass.length).toBeLessThan(n + m);
  expectOptimal(cost, solved);
  return solved;
}

describe("simplex", () => {
  it("agrees with brute force on uniform squares", () => {
    const random = seeded(11);
    for (let n = 1; n <= 7; n++) {
      const cost = numbers(n * n, () => random() * 5 - 1);
      expect(check(cost, n, n).cost * n).toBeCloseTo(bruteForce(cost, n), 11);
    }
  });

  it("agrees with brute force between unequal numbers of points", () => {
    const random = seeded(12);
    for (const [n, m, all] of [
      [2, 3, 6],
      [3, 2, 6],
      [2, 4, 4],
      [6, 3, 6],
    ] as const)
      for (let repeat = 0; repeat < 10; repeat++) {
        const cost = numbers(n * m, random);
        // Each point as so many copies that both sides have equally many, which brute force can permute.
        const copies = Float64Array.from({ length: all * all }, (_, k) => {
          const [i, j] = [Math.floor(k / all), k % all];
          return cost[Math.floor((i * n) / all) * m + Math.floor((j * m) / all)]!;
        });
        expect(check(cost, n, m).cost * all).toBeCloseTo(bruteForce(copies, all), 11);
      }
  });

  it("agrees with the assignment to 1e-12", () => {
    const random = seeded(13);
    for (const n of [2, 24, 128, 300]) {
      const cost = squaredCosts(numbers(n * 2, random), numbers(n * 2, random), 2);
      const expected = assignment(cost, n).cost;
      expect(Math.abs(simplex(cost, n, n).cost * n - expected)).toBeLessThan(1e-12 * expected);
    }
  });

  it.each([
    [300, 300],
    [300, 170],
    [170, 300],
    [1, 40],
    [40, 1],
    [3, 500],
  ])("proves optimality for %i × %i", (n, m) => {
    check(numbers(n * m, seeded(n + 1000 * m)), n, m);
  });

  it.each([
    ["all equal", () => 2],
    ["few integers", (_k: number, random: () => number) => Math.floor(random() * 3)],
    ["sums", (k: number) => (k % 120) + Math.floor(k / 120)],
  ])("ends on degenerate costs: %s", (_name, entry) => {
    const random = seeded(14);
    const cost = Float64Array.from({ length: 120 * 120 }, (_, k) => entry(k, random));
    check(cost, 120, 120);
    check(cost.subarray(0, 120 * 90), 90, 120);
  });

  it("holds for any small problem", () => {
    const size = fc.integer({ min: 1, max: 6 });
    const problem = fc
      .tuple(size, size)
      .chain(([n, m]) =>
        fc.tuple(
          fc.constant(n),
          fc.constant(m),
          fc.array(fc.integer({ min: -3, max: 3 }), { minLength: n * m, maxLength: n * m }),
        ),
      );
    fc.assert(
      fc.property(problem, ([n, m, cost]) => {
        check(Float64Array.from(cost), n, m);
      }),
      { seed: 15, numRuns: 500 },
    );
  });

  it("refuses costs that are not finite, in one line", () => {
    expect(() => simplex(Float64Array.of(1, Number.NaN, 1, 1), 2, 2)).toThrow(
      /^cost\[0, 1\] is NaN.*$/,
    );
  });
});

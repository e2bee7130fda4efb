// The simplex against the assignment, against brute force, and against its own proof.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { simplex } from "../../src/ot/simplex.js";
import { expectOptimal, marginals, numbers, seededRandom } from "./helpers.js";

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
  it.each([
    [300, 300],
    [300, 170],
    [170, 300],
    [1, 40],
    [40, 1],
    [3, 500],
  ])("proves optimality for %i × %i", (n, m) => {
    check(numbers(n * m, seededRandom(n + 1000 * m)), n, m);
  });

  // With these, pivots by rounding alone go round in a circle.
  it.each([
    { seed: 2132, n: 13, m: 9, different: 7 },
    { seed: 1739, n: 26, m: 18, different: 14 },
  ])("ends where $n rows are $different, of costs with two digits", ({ seed, n, m, different }) => {
    const random = seededRandom(seed);
    const costs = () => Array.from(numbers(m, random), (x) => Math.round(6000 * x) / 100);
    const rows = Array.from({ length: different }, costs);
    const all = Array.from({ length: n }, () => rows[Math.floor(different * random())] ?? []);
    check(Float64Array.from(all.flat()), n, m);
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
});

// The simplex against the assignment, against brute force, and against its own proof.

import { type Tensor, zeros } from "@dsbm/torch";
import fc from "fast-check";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { normal } from "../../../../../test/support/numbers.js";
import { pointCostRows, pointCosts } from "../../src/ot/cost.js";
import { exactPointPlan } from "../../src/ot/exact.js";
import { simplex, simplexOfRows } from "../../src/ot/simplex.js";
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

  it.each<[string, number, number, 1 | 2, (n: number, seed: number) => Tensor]>([
    ["points", 700, 700, 2, (n, seed) => normal([n, 3], seed)],
    ["unequal masses, by distances", 640, 500, 1, (n, seed) => normal([n, 20], seed)],
    ["ties", 600, 450, 2, (n, seed) => normal([n, 2], seed).mul(1.5).round()],
    ["points in one place", 90, 90, 1, (n) => normal([1, 4], 0).expand([n, 4])],
  ])(
    "costs a block of rows at a time give the plan of the whole matrix: %s",
    (_, n, m, p, points) => {
      const [x, y] = [points(n, 1).to("float64"), points(m, 2).to("float64")];
      const { cost: matrix } = pointCosts(x, y, p);
      const whole = check(Float64Array.from(matrix), n, m);
      const { cost } = pointCostRows(x, y, p, { held: 7 * m + 3 });
      const byRows = simplexOfRows(cost, n, m);
      expect(Math.abs(byRows.cost - whole.cost)).toBeLessThan(1e-9 * Math.max(whole.cost, 1e-9));
      expect(byRows.plan).toEqual(simplex(matrix, n, m).plan);
    },
  );

  it("exact plans end at 30,000 points, with the reason", () => {
    const many = zeros([30_001, 1]);
    expect(() => exactPointPlan(many, zeros([3, 1]))).toThrow(
      /30001 and 3 points: expected at most 30000 of each, since its time grows .*take a part/,
    );
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

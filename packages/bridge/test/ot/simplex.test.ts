// The simplex against the assignment, against brute force, and against its own proof.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignment } from "../../src/ot/assignment.js";
import { densePlan } from "../../src/ot/plan.js";
import { simplex } from "../../src/ot/simplex.js";
import {
  bruteForce,
  expectOptimal,
  marginals,
  numbers,
  seeded,
  squaredCosts,
  weights,
} from "./helpers.js";

type Weights = Float64Array | undefined;

function check(cost: Float64Array, n: number, m: number, a?: Weights, b?: Weights) {
  const solved = simplex(cost, n, m, a, b);
  const sums = marginals(solved.plan);
  for (let i = 0; i < n; i++) expect(Math.abs(sums.a[i]! - (a?.[i] ?? 1 / n))).toBeLessThan(4e-15);
  for (let j = 0; j < m; j++) expect(Math.abs(sums.b[j]! - (b?.[j] ?? 1 / m))).toBeLessThan(4e-15);
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

  it("agrees with brute force where points are repeated", () => {
    // Weights k/6 are k points of 1/6 at the same place, which brute force can permute.
    const random = seeded(12);
    const a = [1, 2, 3];
    const b = [2, 2, 1, 1];
    const expand = (w: number[]) => w.flatMap((times, i) => new Array<number>(times).fill(i));
    for (let repeat = 0; repeat < 30; repeat++) {
      const cost = numbers(12, random);
      const rows = expand(a);
      const columns = expand(b);
      const copies = Float64Array.from(rows.flatMap((i) => columns.map((j) => cost[i * 4 + j]!)));
      const asWeights = (w: number[]) => Float64Array.from(w, (x) => x / 6);
      const solved = check(cost, 3, 4, asWeights(a), asWeights(b));
      expect(solved.cost * 6).toBeCloseTo(bruteForce(copies, 6), 11);
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
  ])("proves optimality for %i × %i, with weights and without", (n, m) => {
    const random = seeded(n + 1000 * m);
    const cost = numbers(n * m, random);
    check(cost, n, m);
    check(cost, n, m, weights(n, random), undefined);
    check(cost, n, m, weights(n, random), weights(m, random));
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
    const half = new Float64Array(120).map((_, i) => (i < 60 ? 1 / 60 : 0));
    check(cost, 120, 120, half, half);
  });

  it("holds for any small problem", () => {
    const size = fc.integer({ min: 1, max: 6 });
    const amount = fc.integer({ min: 0, max: 4 });
    const problem = fc
      .tuple(size, size)
      .chain(([n, m]) =>
        fc.tuple(
          fc.array(amount, { minLength: n, maxLength: n }),
          fc.array(amount, { minLength: m, maxLength: m }),
          fc.array(fc.integer({ min: -3, max: 3 }), { minLength: n * m, maxLength: n * m }),
        ),
      );
    fc.assert(
      fc.property(problem, ([a, b, cost]) => {
        const sum = (w: number[]) => w.reduce((p, q) => p + q, 0);
        fc.pre(sum(a) > 0 && sum(b) > 0);
        const normal = (w: number[]) => Float64Array.from(w, (x) => x / sum(w));
        check(Float64Array.from(cost), a.length, b.length, normal(a), normal(b));
      }),
      { seed: 15, numRuns: 500 },
    );
  });

  it("keeps the mass that it is given", () => {
    const solved = simplex(Float64Array.of(1, 2, 3, 5), 2, 2, [3, 1], [2, 2]);
    expect([...densePlan(solved.plan)]).toEqual([1, 2, 1, 0]);
    expect(solved.cost).toBeCloseTo(8, 12);
  });

  it("refuses bad marginals and costs in one line", () => {
    const cost = Float64Array.of(1, 2, 3, 4);
    const refused = (a?: number[], b?: number[], c = cost) => {
      return () => simplex(c, 2, 2, a, b);
    };
    expect(refused([1, -1])).toThrow(/a\[1\] is -1/);
    expect(refused([0, 0])).toThrow(/a sums to 0/);
    expect(refused([1, 1, 1])).toThrow(/3 weights: expected one per point, 2/);
    expect(refused([1, 1], [1, 2])).toThrow(/expected the same mass/);
    expect(refused([Number.NaN, 1])).toThrow(expect.objectContaining({ code: "argument" }));
    expect(refused(undefined, undefined, Float64Array.of(1, Number.NaN, 1, 1))).toThrow(
      /cost\[0, 1\] is NaN/,
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { distance, nearest } from "../src/nearest.js";

describe("distance", () => {
  it.each([
    ["", "", 0],
    ["", "abc", 3],
    ["dim", "dmi", 1],
    ["inner_iter", "inner_iters", 1],
    ["kitten", "sitting", 3],
    ["ca", "abc", 3], // no letter is edited twice
    ["a", "b", 1],
  ])("%s, %s: %i", (a, b, d) => {
    expect(distance(a, b)).toBe(d);
  });

  it("is symmetric, 0 for equal words alone, and no more than the longer word", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 7 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(distance(a, b) === 0).toBe(a === b);
        expect(distance(a, b)).toBe(distance(b, a));
        expect(distance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance(a, b)).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
      { seed: 4, numRuns: 1000 },
    );
  });

  it("counts one swap of neighbours as one", () => {
    const word = fc.string({ unit: fc.constantFrom(..."abcdef"), minLength: 2, maxLength: 9 });
    fc.assert(
      fc.property(word, fc.nat(), (a, n) => {
        const i = n % (a.length - 1);
        const b = a.slice(0, i) + a[i + 1] + a[i] + a.slice(i + 2);
        expect(distance(a, b)).toBe(a === b ? 0 : 1);
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});

describe("nearest", () => {
  const keys = ["dim", "lr", "eps", "inner_iters", "outer_iters", "seed"];
  it.each([
    ["inner_iter", "inner_iters"],
    ["iner_iters", "inner_iters"],
    ["INNER_ITERS", "inner_iters"],
    ["inner-iters", "inner_iters"],
    ["dmi", "dim"],
    ["lrr", "lr"],
    ["eta", undefined],
    ["learning_rate", undefined],
    ["x".repeat(100_000), undefined],
  ])("%.20s", (word, key) => {
    expect(nearest(word, keys)).toBe(key);
  });
});

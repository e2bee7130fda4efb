// Drawing pairs: the inverse distribution function by hand, and the mean of drawn permutations.
import { describe, expect, it } from "vitest";
import { samplePermutation } from "../../src/ot/birkhoff.js";
import { samplePairs } from "../../src/ot/sample.js";
import { simplex } from "../../src/ot/simplex.js";
import { numbers, seeded } from "./helpers.js";

/** A random plan with uniform marginals: a mean of random permutations. */
function doublyStochastic(n: number, terms: number, random: () => number): Float64Array {
  const entries = new Float64Array(n * n);
  const parts = numbers(terms, random);
  const sum = parts.reduce((p, q) => p + q);
  for (const part of parts) {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const k = Math.floor(random() * (i + 1));
      [order[i], order[k]] = [order[k]!, order[i]!];
    }
    order.forEach((j, i) => {
      entries[i * n + j] = entries[i * n + j]! + part / sum / n;
    });
  }
  return entries;
}

const isPermutation = (columns: Int32Array) => new Set(columns).size === columns.length;

describe("samplePairs", () => {
  it("takes the first entry whose running sum passes u", () => {
    const plan = { n: 2, m: 3, entries: [0, 0.25, 0.25, 0, 0.5, 0] };
    const { rows, columns } = samplePairs(plan, [0, 0.2499, 0.25, 0.4999, 0.5, 1 - 2 ** -53]);
    expect([...rows]).toEqual([0, 0, 0, 0, 1, 1]);
    expect([...columns]).toEqual([1, 1, 2, 2, 1, 1]);
  });

  it("gives the same pairs from the sparse and the dense form", () => {
    const random = seeded(21);
    const { plan } = simplex(numbers(12 * 9, random), 12, 9);
    const entries = new Float64Array(12 * 9);
    plan.mass.forEach((mass, k) => {
      entries[plan.rows[k]! * 9 + plan.columns[k]!] = mass;
    });
    const uniforms = numbers(500, random);
    expect(samplePairs(plan, uniforms)).toEqual(samplePairs({ n: 12, m: 9, entries }, uniforms));
  });

  it("draws entries as often as their mass says", () => {
    const entries = [0.1, 0.2, 0.3, 0.4];
    const draws = 40_000;
    const { rows, columns } = samplePairs({ n: 2, m: 2, entries }, numbers(draws, seeded(22)));
    const counts = [0, 0, 0, 0];
    rows.forEach((i, s) => {
      counts[i * 2 + columns[s]!]! += 1;
    });
    entries.forEach((p, k) => {
      expect(Math.abs(counts[k]! / draws - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / draws));
    });
  });

  it("refuses numbers outside [0, 1) and invalid plans", () => {
    const plan = { n: 1, m: 2, entries: [0.5, 0.5] };
    expect(() => samplePairs(plan, [1])).toThrow(/uniform 0 is 1: expected a number in \[0, 1\)/);
    expect(() => samplePairs(plan, [Number.NaN])).toThrow(/uniform 0 is NaN/);
    expect(() => samplePairs({ ...plan, entries: [0, 0] }, [0])).toThrow(/no mass/);
    expect(() => samplePairs({ ...plan, entries: [1, -1] }, [0])).toThrow(/entry 1 is -1/);
    expect(() => samplePairs({ ...plan, n: 2 }, [0])).toThrow(/2 entries: expected n × m = 2 × 2/);
  });
});

describe("samplePermutation", () => {
  const never = () => {
    throw new Error("no random number is needed");
  };

  it("gives a permutation plan itself", () => {
    const entries = [0, 0, 1 / 3, 1 / 3, 0, 0, 0, 1 / 3, 0];
    expect([...samplePermutation({ n: 3, m: 3, entries }, never)]).toEqual([2, 0, 1]);
  });

  it("uses every point once and only pairs that have mass", () => {
    const random = seeded(23);
    for (const n of [1, 2, 5, 40]) {
      const entries = doublyStochastic(n, 6, random);
      for (let repeat = 0; repeat < 10; repeat++) {
        const columns = samplePermutation({ n, m: n, entries }, random);
        expect(isPermutation(columns)).toBe(true);
        columns.forEach((j, i) => {
          expect(entries[i * n + j]).toBeGreaterThan(0);
        });
      }
    }
  });

  it("has the plan as its mean", () => {
    const random = seeded(24);
    const n = 5;
    const entries = doublyStochastic(n, 8, random);
    const counts = new Float64Array(n * n);
    const draws = 20_000;
    for (let s = 0; s < draws; s++) {
      samplePermutation({ n, m: n, entries }, random).forEach((j, i) => {
        counts[i * n + j]! += 1;
      });
    }
    entries.forEach((mass, k) => {
      const p = mass * n;
      const spread = Math.sqrt((p * (1 - p)) / draws);
      expect(Math.abs(counts[k]! / draws - p)).toBeLessThan(5 * spread + 1e-12);
    });
  });

  it("accepts marginals that are nearly uniform, and refuses others", () => {
    const random = seeded(25);
    const n = 20;
    const entries = doublyStochastic(n, 30, random).map((p) => p * (1 + 1e-4 * random()));
    for (let repeat = 0; repeat < 20; repeat++) {
      expect(isPermutation(samplePermutation({ n, m: n, entries }, random))).toBe(true);
    }
    const skewed = [0.4, 0.1, 0.1, 0.4].map((p, k) => (k === 0 ? 0.6 : p));
    expect(() => samplePermutation({ n: 2, m: 2, entries: skewed }, random)).toThrow(/row 0 holds/);
    expect(() => samplePermutation({ n: 1, m: 2, entries: [1, 0] }, random)).toThrow(/square/);
  });
});

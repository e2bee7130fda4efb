// Drawing pairs from a plan by its inverse distribution function.
import { describe, expect, it } from "vitest";
import { densePlan } from "../../src/ot/plan.js";
import { samplePairs } from "../../src/ot/sample.js";
import { simplex } from "../../src/ot/simplex.js";
import { numbers, seeded } from "./helpers.js";

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
    const entries = densePlan(plan);
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

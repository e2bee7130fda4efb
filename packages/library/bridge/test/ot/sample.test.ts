// Drawing pairs from a plan by its inverse distribution function.
import { tensor } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { densePlan } from "../../src/ot/plan.js";
import { samplePairs } from "../../src/ot/sample.js";
import { simplex } from "../../src/ot/simplex.js";
import { numbers, seeded } from "./helpers.js";

const matrix = (entries: readonly number[], m: number) =>
  tensor(Float64Array.from(entries), { shape: [entries.length / m, m] });
const chance = (u: number) => Float64Array.of(u);

describe("samplePairs", () => {
  it("takes the first entry whose running sum passes u", () => {
    const plan = matrix([0, 0.25, 0.25, 0, 0.5, 0], 3);
    const uniforms = Float64Array.of(0, 0.2499, 0.25, 0.4999, 0.5, 1 - 2 ** -53);
    const { rows, columns } = samplePairs(plan, uniforms);
    expect([...rows]).toEqual([0, 0, 0, 0, 1, 1]);
    expect([...columns]).toEqual([1, 1, 2, 2, 1, 1]);
  });

  it("gives the same pairs from the sparse and the dense form", () => {
    const random = seeded(21);
    const { plan } = simplex(numbers(12 * 9, random), 12, 9);
    const dense = tensor(densePlan(plan), { shape: [12, 9] });
    const uniforms = numbers(500, random);
    expect(samplePairs(plan, uniforms)).toEqual(samplePairs(dense, uniforms));
  });

  it("draws entries as often as their mass says", () => {
    const entries = [0.1, 0.2, 0.3, 0.4];
    const draws = 40_000;
    const { rows, columns } = samplePairs(matrix(entries, 2), numbers(draws, seeded(22)));
    const counts = [0, 0, 0, 0];
    rows.forEach((i, s) => {
      counts[i * 2 + columns[s]!]! += 1;
    });
    entries.forEach((p, k) => {
      expect(Math.abs(counts[k]! / draws - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / draws));
    });
  });

  it("refuses numbers outside [0, 1) and invalid plans", () => {
    const plan = matrix([0.5, 0.5], 2);
    expect(() => samplePairs(plan, chance(1))).toThrow(
      /uniform 0 is 1: expected a number in \[0, 1\)/,
    );
    expect(() => samplePairs(plan, chance(Number.NaN))).toThrow(/uniform 0 is NaN/);
    expect(() => samplePairs(matrix([0, 0], 2), chance(0))).toThrow(/no mass: nothing/);
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => samplePairs(matrix([1, bad], 2), chance(0))).toThrow(`entry 1 is ${bad}:`);
    expect(() => samplePairs(tensor([0.5, 0.5]), chance(0))).toThrow(
      /shape \[2\]: expected \[n, m\]/,
    );
  });
});

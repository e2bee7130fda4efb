// Drawing pairs from a plan by its inverse distribution function.
import { tensor } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { densePlan } from "../../../../../test/support/plans.js";
import { samplePairs } from "../../src/ot/sample.js";
import { simplex } from "../../src/ot/simplex.js";
import { numbers, seededRandom } from "./helpers.js";

const matrix = (entries: readonly number[], m: number) =>
  tensor(Float64Array.from(entries), { shape: [entries.length / m, m] });

describe("samplePairs", () => {
  it("takes the first entry whose running sum passes u", () => {
    const plan = matrix([0, 0.25, 0.25, 0, 0.5, 0], 3);
    const uniforms = Float64Array.of(0, 0.2499, 0.25, 0.4999, 0.5, 1 - 2 ** -53);
    const { rows, columns } = samplePairs(plan, uniforms);
    expect([...rows]).toEqual([0, 0, 0, 0, 1, 1]);
    expect([...columns]).toEqual([1, 1, 2, 2, 1, 1]);
  });

  it("gives the same pairs from the sparse and the dense form", () => {
    const random = seededRandom(21);
    const { plan } = simplex(numbers(12 * 9, random), 12, 9);
    const dense = tensor(densePlan(plan), { shape: [12, 9] });
    const uniforms = numbers(500, random);
    expect(samplePairs(plan, uniforms)).toEqual(samplePairs(dense, uniforms));
  });
});

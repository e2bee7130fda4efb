import { randn, tensor } from "@dsbm/torch";
import { expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { generatorOf } from "../../../../../test/support/numbers.js";
import { crps } from "../../src/metric/crps.js";

/** The score of N(0, 1) for an observation of density and distribution function as given. */
const gaussianScore = (y: number, density: number, below: number): number =>
  y * (2 * below - 1) + 2 * density - 1 / Math.sqrt(Math.PI);

it.each([2, 5])(
  "the CRPS of %s Gaussian members has the mean of the closed form of a Gaussian",
  (m) => {
    const draws = 40_000;
    const members = randn([m, draws], { generator: generatorOf(m) });
    for (const [y, density, below] of [
      [0, 0.398942, 0.5],
      [1.5, 0.129518, 0.933193],
    ]) {
      const observed = tensor(Float32Array.from({ length: draws }, () => y));
      const score = crps(members, observed).mean().item();
      expect(Math.abs(score - gaussianScore(y, density, below))).toBeLessThan(0.012);
    }
  },
);

it("the CRPS of equal members is their distance from the observation", () => {
  const members = tensor(Float32Array.of(2, 2, 2, -1, -1, -1), { shape: [2, 3] }).t();
  expect(crps(members, tensor(Float32Array.of(5, -1))).toNumbers()).toEqual([3, 0]);
});

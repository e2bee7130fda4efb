// The discrete process of DSB: its moments in closed form, and what networks learn from its runs.
import { memory, randint, type Tensor, tensor } from "@dsbm/torch";
import { beforeEach, describe, expect } from "vitest";
import { collectGarbage } from "../../../../../test/support/collect.js";
import { it } from "../../../../../test/support/in-scope.js";
import {
  distance,
  expectMoments,
  generatorOf,
  normal,
} from "../../../../../test/support/numbers.js";
import { type LangevinOptions, langevin, referenceMean } from "../../src/langevin/langevin.js";
import { langevinTuple, langevinTuples } from "../../src/langevin/run.js";

// Live tensors are counted.
beforeEach(collectGarbage);

const gammas = [0.05, 0.3, 0.2, 0.4, 0.1];
const n = gammas.length;
const values = (x: number | Tensor, i: number) => (typeof x === "number" ? x : x.toNumbers()[i]);
/** Noise that a seed and a step decide. */
const noise = (x: Tensor, k: number) => normal(x.shape, 100 + k);

describe("the reference", () => {
  const perCoordinate = { mean: tensor([0.5, -2, 1]), variance: tensor([0.3, 1, 4]) };
  it.each<[string, Partial<LangevinOptions>]>([
    ["one Gaussian for all", { mean: 0.7, variance: 0.5 }],
    ["one Gaussian for all, scaled noise", { mean: 0.7, variance: 0.5, scaleNoise: true }],
    ["one a coordinate", perCoordinate],
    ["one a coordinate, scaled noise", { ...perCoordinate, scaleNoise: true }],
  ])("has the moments of its recursion: %s", (_, options) => {
    const process = langevin({ gammas, ...options });

    const start = normal([20_000, 3], 1).mul(0.6).add(2);
    const { x } = langevinTuples(process, referenceMean(process), start, {
      direction: "f",
      noise,
    });
    for (let i = 0; i < 3; i++) {
      let m = 2;
      let s2 = 0.36;
      const mean = values(process.mean, i);
      const v = values(process.variance, i);
      gammas.forEach((gamma, k) => {
        const a = process.scaleNoise ? gamma / 2 : gamma / (2 * v);
        m += a * (mean - m);
        s2 = (1 - a) ** 2 * s2 + (process.scaleNoise ? gamma * v : gamma);
        expectMoments(x.select(1, k).select(1, i), { mean: m, var: s2 });
      });
    }
  });
});

describe("langevinTuple", () => {
  it("keeps one step of each run of langevinTuples in memory", () => {
    const process = langevin({ gammas, mean: 1 });
    const x = normal([40, 2, 3], 4);
    const steps = randint(0, n, [40], { generator: generatorOf(5) });
    const options = { direction: "f" as const, noise };
    const all = langevinTuples(process, referenceMean(process), x, options);
    const before = memory().live;
    const one = langevinTuple(process, referenceMean(process), x, { ...options, steps });
    expect(memory().live).toBe(before + 2);
    const index = steps.reshape([40, 1, 1, 1]).expand([40, 1, 2, 3]);
    expect(new Set(steps.toNumbers()).size).toBe(n);
    for (const name of ["x", "target"] as const)
      expect(distance(one[name], all[name].gather(1, index).squeeze(1))).toBe(0);
  });
});

describe("langevin", () => {
  it("takes pixels that never change where the noise is scaled", () =>
    expect(langevin({ gammas, variance: tensor([1, 0]), scaleNoise: true }).gammas).toBe(gammas));
});

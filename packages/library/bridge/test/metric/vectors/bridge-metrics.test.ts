// Metrics of a bridge's pairs and paths against closed forms: the exact bridge between Gaussians, rotations and shifts.
import { cat, tensor } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../../test/support/in-scope.js";
import { normal } from "../../../../../../test/support/numbers.js";
import { exactCovariance } from "../../../src/metric/gaussian-bridge.js";
import { gaussianPairs, optimality } from "../../../src/metric/vectors/optimality.js";
import {
  cycleError,
  flowEnergy,
  normalisedPathEnergy,
  PathEnergy,
} from "../../../src/metric/vectors/paths.js";

const float64 = { dtype: "float64" } as const;
/** A matrix [2, 2], row by row. */
const matrix = (...entries: number[]) => tensor(entries, { shape: [2, 2], ...float64 });

/** Pairs of standard normal vectors with the covariance c in each coordinate, the ends shifted. */
function pairs(n: number, d: number, c: number, seed = 100) {
  const start = normal([n, d], seed);
  const end = start.mul(c).add(normal([n, d], seed + 1).mul(Math.sqrt(1 - c ** 2)));
  return { start, end: end.add(3) };
}

describe("optimality", () => {
  it.each([0.5, 1, 2])("is 0 of the exact bridge between Gaussians, sigma %d", (sigma) => {
    const epsilon = sigma ** 2;
    const { start, end } = pairs(6000, 4, exactCovariance({ sigma }));
    const found = optimality(start, end, { epsilon });
    expect(found?.strength.value).toBeCloseTo(1, 1);
    expect(found?.error.value).toBeLessThan(0.2);
    expect(found?.error.low).toBeLessThan(found?.error.value as number);
    expect(found?.strength.low).toBeLessThan(1);
    expect(found?.strength.high).toBeGreaterThan(1);
    // The metric notices noise that differs from the pairs' noise.
    const off = optimality(start, end, { epsilon: 2 * epsilon });
    expect(off?.strength.value).toBeCloseTo(2 * (found?.strength.value as number), 10);
    expect(off?.error.value).toBeCloseTo(1, 0);
  });
});

describe("pairs of the exact Gaussian bridge", () => {
  it("have both marginals and the cross-covariance 1.5616 from N(0, I₁₆) to N(0, 4I₁₆), ε = 1", () => {
    const x0 = normal([4000, 16], 1);
    const x1 = normal([4000, 16], 2).mul(2);
    const { start, end } = gaussianPairs(x0, x1, { epsilon: 1, count: 20_000, seed: 3 });
    const joint = cat([start, end], { dim: 1 }).t().cov();
    const mean = (r: number, c: number) =>
      joint.narrow(0, r, 16).narrow(1, c, 16).diagonal().mean().item();
    expect(mean(0, 0)).toBeCloseTo(1, 1);
    expect(mean(16, 16) / 4).toBeCloseTo(1, 1);
    expect(mean(0, 16) / 1.5616).toBeCloseTo(1, 1);
    expect(optimality(start, end, { epsilon: 1 })?.strength.value).toBeCloseTo(1, 1);
  });
});

describe("paths", () => {
  it("spend |c|² with a constant drift c, whatever the steps", () => {
    using energy = new PathEnergy(7);
    const drift = tensor([3, 4], float64).expand([7, 2]);
    for (const dt of [0.25, 0.5, 0.25]) energy.add(drift.square().sum(1).mul(dt));
    expect(energy.estimate()).toEqual({ value: 25, low: 25, high: 25 });
  });

  const times = Array.from({ length: 201 }, (_, k) => k / 200);
  it("of a shift have no normalised energy, in both directions", () => {
    const x = normal([30, 2], 1);
    const shift = tensor([3, -4], float64);
    const states = cat(times.map((t) => x.add(shift.mul(t)).unsqueeze(0)));
    for (const [s, at] of [
      [states, times],
      [states.flip([0]), times.toReversed()],
    ] as const) {
      const energy = flowEnergy(s, at, (y) => shift.expand(y.shape));
      expect(normalisedPathEnergy(energy, 5).value).toBeCloseTo(0, 12);
      // Half of the distance takes a quarter of the energy.
      expect(normalisedPathEnergy(energy, 2.5).value).toBeCloseTo(3, 10);
    }
  });

  it("of a quarter turn spend (π/2)²|x|²", () => {
    const x = normal([40, 2], 1);
    const angle = Math.PI / 2;
    const turn = (phi: number) =>
      matrix(Math.cos(phi), Math.sin(phi), -Math.sin(phi), Math.cos(phi));
    const states = cat(times.map((t) => x.mm(turn(angle * t)).unsqueeze(0)));
    const energy = flowEnergy(states, times, (y) => y.mm(turn(angle)).mul(angle));
    const size = x.square().sum(1).mean().item();
    expect(energy.mean().item() / size).toBeCloseTo(angle ** 2, 6);
  });
});

describe("the cycle-consistency error", () => {
  it("of a process and its time reversal: start and return are as far apart as two returns", () => {
    const n = 20_000;
    const c = exactCovariance({ sigma: 1 });
    const { start, end } = pairs(n, 2, c);
    const back = (seed: number, bias = 0, noise = 1) =>
      end
        .sub(3)
        .mul(c)
        .add(bias)
        .add(normal([n, 2], seed).mul(noise * Math.sqrt(1 - c ** 2)));
    const same = cycleError(start, back(5), back(6));
    const want = Math.sqrt(2 * 2 * (1 - c ** 2));
    expect(same.back.value).toBeCloseTo(want, 1);
    expect(same.twice).toBeCloseTo(want, 1);
    expect(same.apart).toBeCloseTo(2, 1);
    expect(same.back.low).toBeLessThan(want);
    expect(same.back.high).toBeGreaterThan(want);
    // A return to another place, or without its noise, is seen.
    const off = cycleError(start, back(5, 1), back(6, 1));
    expect(off.back.value ** 2 - off.twice ** 2).toBeCloseTo(2, 0);
    const still = cycleError(start, back(5, 0, 0), back(6, 0, 0));
    expect(still.twice).toBeCloseTo(0, 10);
    expect(still.back.value).toBeCloseTo(want / Math.SQRT2, 1);
  });
});

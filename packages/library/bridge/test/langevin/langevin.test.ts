// The discrete process of DSB: its moments in closed form, and what networks learn from its runs.
import { full, liveTensors, ones, randint, type Tensor, tensor, tidy } from "@dsbm/torch";
import { beforeEach, describe, expect } from "vitest";
import { collectGarbage } from "../../../../../test/support/collect.js";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, expectMoments, normal, seeded } from "../../../../../test/support/numbers.js";
import {
  type LangevinOptions,
  langevin,
  langevinSteps,
  networkMean,
  referenceMean,
} from "../../src/langevin/langevin.js";
import { langevinRun, langevinTuple, langevinTuples } from "../../src/langevin/run.js";

// Live tensors are counted.
beforeEach(collectGarbage);

const gammas = [0.05, 0.3, 0.2, 0.4, 0.1];
const n = gammas.length;
const values = (x: number | Tensor, i: number) =>
  (typeof x === "number" ? x : x.toNumbers()[i]) as number;
/** Noise that a seed and a step decide. */
const noise = (x: Tensor, k: number) => normal(x.shape, 100 + k);

describe("langevinSteps", () => {
  it("goes backward through the schedule from its end, and counts from 0", () => {
    const process = langevin({ gammas, scale: [1, 2, 3, 4, 5] });
    const [f, b] = [langevinSteps("f", process), langevinSteps("b", process)];
    expect(f.map(({ gamma }) => gamma)).toEqual(gammas);
    expect(b.map(({ gamma }) => gamma)).toEqual(gammas.toReversed());
    expect(b.map(({ scale }) => scale)).toEqual([5, 4, 3, 2, 1]);
    for (const steps of [f, b]) expect(steps.map(({ k }) => k)).toEqual([0, 1, 2, 3, 4]);
    expect([f[0]?.time, f[4]?.next, b[0]?.time, b[4]?.next]).toEqual([0, 1, 1, 0]);
    expect(b[1]?.time).toBeCloseTo(0.95 / 1.05, 12);
  });
});

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
      let [m, s2] = [2, 0.36];
      const [mean, v] = [values(process.mean, i), values(process.variance, i)];
      gammas.forEach((gamma, k) => {
        const a = process.scaleNoise ? gamma / 2 : gamma / (2 * v);
        m += a * (mean - m);
        s2 = (1 - a) ** 2 * s2 + (process.scaleNoise ? gamma * v : gamma);
        expectMoments(x.select(1, k).select(1, i), { mean: m, var: s2 });
      });
    }
  });

  it("goes to its Gaussian from anywhere", () => {
    const process = langevin({
      gammas: Array.from({ length: 300 }, () => 0.05),
      mean: -1,
      variance: 0.5,
    });

    const start = full([20_000, 1], 5, { dtype: "float64" });
    const x = langevinRun(process, referenceMean(process), start, { direction: "f", noise });
    // A step of finite length widens the Gaussian by 1/(1 − γ/(4v)).
    expectMoments(x, { mean: -1, var: 0.5 / (1 - 0.05 / 2) });
  });

  it("refuses a Gaussian of another shape", () => {
    const process = langevin({ gammas, mean: tensor([1, 2]) });
    const run = (shape: number[]) =>
      tidy(() => {
        langevinRun(process, referenceMean(process), ones(shape), { direction: "f" });
      });
    run([4, 2]);
    expect(() => run([4, 3, 2])).toThrow(
      /^the mean at time 1 has shape \[2\], samples have \[3,2\]/,
    );
  });
});

describe("networks", () => {
  /** A network that predicts the next mean, and what predicts the same by increments of a scale. */
  const next = (x: Tensor, k: Tensor) =>
    x.mul(0.8).add(x.flip([1]).mul(k.mul(0.1).unsqueeze(1)).sin());
  const scales = [0.3, 1.7, 4, 0.05, 2];

  it.each(["f", "b"] as const)("make one process, whatever they predict: %s", (direction) => {
    const x = normal([50, 3], 2);
    const options = { direction, noise };
    const exact = langevin({ gammas, meanMatch: true });
    const want = langevinTuples(exact, networkMean(next, exact), x, options);
    for (const scale of [undefined, scales, scales.map(() => 1)]) {
      const process = langevin({ gammas, ...(scale && { scale }) });
      const steps = langevinSteps(direction, process);
      const by = (k: number) => steps[k]?.scale as number;
      const increments = (y: Tensor, k: Tensor) => {
        const scale = by(k.select(0, 0).item());
        return next(y, k).sub(y).div(scale);
      };
      const got = langevinTuples(process, networkMean(increments, process), x, options);
      expect(distance(got.x, want.x)).toBeLessThan(1e-12);
      const own = steps.map((s) => s.scale);
      const back = got.target.mul(tensor(own, { dtype: "float64" }).reshape([1, n, 1]));
      expect(distance(back, want.target)).toBeLessThan(1e-12);
      const end = langevinRun(process, networkMean(increments, process), x, options);
      expect(distance(end, want.x.select(1, n - 1))).toBeLessThan(1e-12);
    }
  });

  it("get the count of their steps as the time", () => {
    const counts: number[][] = [];
    const net = (x: Tensor, k: Tensor) => {
      counts.push(k.toNumbers());
      expect(k.dtype).toBe(x.dtype);
      return x;
    };
    for (const direction of ["f", "b"] as const) {
      const process = langevin({ gammas });
      langevinRun(process, networkMean(net, process), ones([2, 3]), { direction });
    }
    expect(counts).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4].map((k) => [k, k]));
  });

  it("leave out the last noise with lastNoise: false", () => {
    const process = langevin({ gammas, meanMatch: true });
    const x = normal([5, 3], 3);
    const states: Tensor[] = [];
    const end = langevinRun(process, networkMean(next, process), x, {
      direction: "b",
      lastNoise: false,
      noise,
      callback: (y) => states.push(y),
    });
    expect(states).toHaveLength(n + 1);
    expect(
      distance(end, next(states[n - 1] as Tensor, full([5], n - 1, { dtype: "float64" }))),
    ).toBe(0);
  });
});

describe("langevinTuple", () => {
  it("keeps one step a run of those that langevinTuples has, and nothing else in memory", () => {
    const process = langevin({ gammas, mean: 1 });
    const x = normal([40, 2, 3], 4);
    const steps = randint(0, n, [40], { generator: seeded(5) });
    const options = { direction: "f" as const, noise };
    const all = langevinTuples(process, referenceMean(process), x, options);
    const before = liveTensors();
    const one = langevinTuple(process, referenceMean(process), x, { ...options, steps });
    expect(liveTensors()).toBe(before + 2);
    const index = steps.reshape([40, 1, 1, 1]).expand([40, 1, 2, 3]);
    expect(new Set(steps.toNumbers()).size).toBe(n);
    for (const name of ["x", "target"] as const)
      expect(distance(one[name], all[name].gather(1, index).squeeze(1))).toBe(0);
  });
});

describe("langevin", () => {
  it.each<[LangevinOptions, RegExp]>([
    [{ gammas: [] }, /^a schedule needs at least one gamma/],
    [{ gammas: [0.1, -1] }, /each finite and positive/],
    [{ gammas, scale: [1] }, /^1 values of scale for 5 steps; give 5$/],
    [
      { gammas, scale: [1, 1, 0, 1, 1] },
      /^scale of step 3 is 0; expected a finite number, positive$/,
    ],
    [{ gammas, scale: [1, 1, Number.NaN, 1, 1] }, /^scale of step 3 is NaN/],
    [
      { gammas, weight: [1, 1, 1, 1, -1] },
      /^weight of step 5 is -1; expected a finite number, at least 0$/,
    ],
    [{ gammas, mean: tensor([0, Number.NaN]) }, /^the mean at time 1/],
    [
      { gammas, variance: 0 },
      /^the smallest variance at time 1 is 0; expected .* \(var_final_gamma_scale\)$/,
    ],
    [{ gammas, variance: tensor([1, 0]) }, /^the smallest variance at time 1 is 0/],
    [{ gammas, variance: -1, scaleNoise: true }, /^the smallest variance at time 1 is -1/],
    [{ gammas, variance: 0.1 }, /^the largest gamma is 0.4, but steps of 0.4 or more diverge/],
    [{ gammas: [4], scaleNoise: true }, /^the largest gamma is 4, .* use smaller steps$/],
  ])("refuses %j", (options, message) => {
    expect(() => langevin(options)).toThrow(message);
  });

  it("takes pixels that never change where the noise is scaled", () => {
    expect(langevin({ gammas, variance: tensor([1, 0]), scaleNoise: true }).gammas).toBe(gammas);
  });
});

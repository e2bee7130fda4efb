// Every method learns: from eight Gaussians to two moons it comes nearer to the target by a stated factor, and those
// that solve a stochastic equation reach the covariance of the exact bridge.

import {
  brownian,
  exactCovariance,
  exactPlan,
  type Method,
  methods,
  minibatchEntropic,
  minibatchExact,
  ornsteinUhlenbeck,
  preconditioned,
  type StepVariance,
  squaredDistances,
  uniformGrid,
} from "@dsbm/bridge";
import { eightGaussians, gaussianEndpoints, moons } from "@dsbm/data";
import { type Tensor, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { seeded } from "../../../test/support/numbers.js";
import { Sampler } from "../src/sampler/sampler.js";
import { Training } from "../src/training.js";
import { type Fields, network, networkOf, withFields } from "./support.js";

/** The squared Wasserstein distance between two samples of one size. */
function wasserstein(a: Tensor, b: Tensor): number {
  const n = a.size(0);
  const cost = tidy(() => Float64Array.from(squaredDistances(a, b).toNumbers()));
  return exactPlan(cost, n, n).cost;
}

async function trained(fields: Fields): Promise<Training> {
  const training = new Training(withFields({}, fields));
  for await (const _ of training.run());
  return training;
}

/** What both problems share. */
const common: Fields = {
  ...{ process: brownian({ sigma: 1 }), method: methods.dsbm, grid: uniformGrid(20) },
  ...{ network: network(2, 3, 64), firstCoupling: "ind", emaRate: 0.99, emaWarmup: true },
  ...{ seed: 1, threads: 1 },
};

/** A method with its own network. */
const of = (method: Method): Fields => ({ method, network: networkOf(method, 2, 3, 64) });

interface Learning {
  name: string;
  /** The distance to the target falls at least to this part of what it was. */
  factor: number;
  /** Training samples of each end (default 4000). */
  rows?: number;
  changes: Fields;
}

const planar: Learning[] = [
  { name: "DSBM-IPF", factor: 0.1, changes: { firstCoupling: "ref", halfIterations: 6 } },
  { name: "DSBM-IMF", factor: 0.1, changes: {} },
  {
    name: "DSBM from the identity",
    factor: 0.1,
    changes: { firstCoupling: "identity", halfIterations: 6 },
  },
  { name: "preconditioned DSBM", factor: 0.1, changes: of(preconditioned(methods.dsbm)) },
  { name: "IMF-b", factor: 0.1, changes: { sequence: ["b"] } },
  { name: "DSBM-IMF+", factor: 0.1, changes: { batchCoupling: minibatchExact() } },
  { name: "bridge matching", factor: 0.1, changes: { firstPass: 2, halfIterations: 2 } },
  {
    name: "DSBM of an Ornstein–Uhlenbeck process, mean matching",
    factor: 0.1,
    changes: {
      process: ornsteinUhlenbeck({ sigma: 1 }),
      parametrisation: { meanMatch: true, stdTrick: false, lossScale: false },
      lastNoise: false,
    },
  },
  {
    name: "DSB",
    factor: 0.12,
    changes: {
      ...{ method: methods.dsb_increments, firstCoupling: "ref", halfIterations: 6 },
      ...{ lr: 1e-3, batchSize: 64 },
    },
  },
  {
    name: "rectified flow",
    factor: 0.2,
    changes: { method: methods.rectifiedflow, sequence: ["b"] },
  },
  {
    name: "OT-CFM",
    factor: 0.15,
    changes: {
      method: methods.rectifiedflow,
      sequence: ["b"],
      halfIterations: 1,
      batchCoupling: minibatchExact(),
    },
  },
  {
    name: "SB-CFM",
    factor: 0.15,
    changes: { method: methods.sbcfm, sequence: ["b"], halfIterations: 1, batchSize: 64 },
  },
  {
    name: "α-DSBM",
    factor: 0.1,
    changes: {
      ...{ ...of(methods.alpha_dsbm), sequence: ["b"], halfIterations: 2, steps: 400 },
      ...{ firstSteps: 800, stepVariance: "bridge", cacheGrid: uniformGrid(8), lastNoise: false },
    },
  },
  {
    name: "[SF]²M",
    factor: 0.1,
    changes: { ...of(methods.sf2m), sequence: ["b"], halfIterations: 1, batchSize: 64 },
  },
  {
    name: "LightSB",
    factor: 0.1,
    changes: { ...of(methods.lightsb({ components: 20 })), halfIterations: 1, lr: 0.01 },
  },
  {
    name: "LightSB-M",
    factor: 0.15,
    changes: { ...of(methods.lightsb_m({ components: 20 })), halfIterations: 1, lr: 0.01 },
  },
  {
    name: "Sinkhorn bridge",
    factor: 0.1,
    rows: 1500,
    changes: { ...of(methods.sinkhorn_bridge), halfIterations: 1 },
  },
  {
    name: "Gaussian bridge",
    factor: 0.4,
    changes: { ...of(methods.gaussian_bridge), halfIterations: 1 },
  },
];

describe("eight Gaussians to two moons", () => {
  it.each(planar)("$name", async ({ factor, rows = 4000, changes }) => {
    const generator = seeded(11);
    const [x0, x1] = [moons(rows, { generator }), eightGaussians(rows, { generator })];
    const training = await trained({
      ...{ ...common, data: { x0, x1 }, halfIterations: 3, steps: 800, batchSize: 128, lr: 3e-3 },
      ...changes,
    });
    tidy(() => {
      const target = moons(400, { generator: seeded(21) });
      const start = eightGaussians(400, { generator: seeded(22) });
      const ends = training.sampler.endpoints("b", start, {
        generator: seeded(23),
        lastNoise: false,
      });
      const [before, after] = [wasserstein(start, target), wasserstein(ends, target)];
      expect(after).toBeLessThan(factor * before);
    });
    training.dispose();
    x0.dispose();
    x1.dispose();
  });
});
describe("the Gaussian bridge at dimension 2", () => {
  it.each([
    {
      name: "DSBM-IPF",
      changes: { firstCoupling: "ref", halfIterations: 6, steps: 500 } as Fields,
    },
    { name: "DSBM-IMF", changes: { halfIterations: 4 } },
    { name: "IMF-b", changes: { sequence: ["b"] as const, halfIterations: 5 } },
    {
      name: "DSBM-IMF on pairs of three steps",
      changes: { stepVariance: "analytic", cacheGrid: uniformGrid(3) } as Fields,
    },
    {
      name: "DSBM-IMF+",
      changes: { halfIterations: 4, batchSize: 128, batchCoupling: minibatchExact() },
    },
    {
      name: "DSB",
      changes: {
        method: methods.dsb_increments,
        firstCoupling: "ref",
        halfIterations: 10,
        batchSize: 128,
        steps: 600,
      } as Fields,
    },
    {
      name: "α-DSBM",
      changes: {
        ...{ ...of(methods.alpha_dsbm), sequence: ["b"], halfIterations: 2, firstSteps: 500 },
        ...{ steps: 400, stepVariance: "bridge", cacheGrid: uniformGrid(10), lastNoise: false },
      } as Fields,
    },
    {
      name: "[SF]²M",
      changes: {
        ...{ ...of(methods.sf2m), sequence: ["b"], halfIterations: 1, batchSize: 128 },
        batchCoupling: minibatchEntropic({ reg: 2 }),
      } as Fields,
    },
    {
      name: "LightSB",
      changes: { ...of(methods.lightsb({ components: 5 })), halfIterations: 1, lr: 0.01 } as Fields,
    },
    {
      name: "LightSB-M",
      changes: {
        ...of(methods.lightsb_m({ components: 5 })),
        halfIterations: 1,
        lr: 0.01,
      } as Fields,
    },
    { name: "Gaussian bridge", changes: { ...of(methods.gaussian_bridge), halfIterations: 1 } },
  ])("$name reaches the exact covariance within 0.03", async ({ changes }) => {
    const generator = seeded(31);
    const data = gaussianEndpoints({ n: 6000, dim: 2, a: 0.1, generator });
    const training = await trained({
      ...{ ...common, data, halfIterations: 4, steps: 700, batchSize: 256, lr: 2e-3 },
      ...changes,
    });
    tidy(() => {
      const n = 20_000;
      const start = gaussianEndpoints({ n, dim: 2, a: 0.1, generator: seeded(32) }).x1;
      const ends = training.sampler.endpoints("b", start, {
        grid: uniformGrid(20),
        generator: seeded(33),
      });
      const centred = [start, ends].map((x) => x.sub(x.mean([0], { keepdim: true }))) as [
        Tensor,
        Tensor,
      ];
      const covariance = centred[0].mul(centred[1]).mean().item();
      expect(Math.abs(covariance - exactCovariance({ sigma: 1 }))).toBeLessThan(0.03);
    });
    training.dispose();
  });

  it("keeps the variance in three steps by the noise that was measured, of one network and of one for both directions", async () => {
    const data = gaussianEndpoints({ n: 6000, dim: 2, a: 0.1, generator: seeded(41) });
    const both = {
      ...of(methods.sf2m),
      batchCoupling: minibatchEntropic({ reg: 2 }),
      sequence: ["b"],
    };
    for (const changes of [{}, both] as Fields[]) {
      const training = await trained({
        ...{ ...common, data, stepVariance: "analytic", halfIterations: 2, steps: 700 },
        ...{ batchSize: 128, lr: 2e-3, lrSchedule: "cosine", ...changes },
      });
      tidy(() => {
        const { x1 } = gaussianEndpoints({ n: 20_000, dim: 2, a: 0.1, generator: seeded(42) });
        const { sampler, problem, state } = training;
        const { method, process } = problem;
        const of = (stepVariance: StepVariance) =>
          new Sampler({
            ...method,
            process,
            networks: state.samplers,
            stepVariance,
            grid: uniformGrid(3),
          })
            .endpoints("b", x1, { generator: seeded(43) })
            .var({ dim: 0 })
            .mean()
            .item();
        expect(
          sampler
            .endpoints("b", x1, { grid: uniformGrid(3), generator: seeded(43) })
            .var({ dim: 0 })
            .mean()
            .item(),
        ).toBeCloseTo(of("analytic"), 5);
        const far = (own: StepVariance) => Math.abs(of(own) - 1);
        expect(far("analytic")).toBeLessThan(0.08);
        expect(far("bridge")).toBeGreaterThan(0.3);
      });
      training.dispose();
    }
  });
});

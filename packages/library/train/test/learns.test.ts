// Every method learns: from eight Gaussians to two moons it comes closer to the target by a stated
// factor, and methods that solve a stochastic equation reach the covariance of the exact bridge.

import {
  brownian,
  exactCovariance,
  exactPlan,
  type Method,
  methods,
  minibatchEntropic,
  ornsteinUhlenbeck,
  squaredDistances,
  uniformGrid,
} from "@dsbm/bridge";
import { eightGaussians, gaussianEndpoints, moons } from "@dsbm/data";
import { type Tensor, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { generatorOf } from "../../../../test/support/numbers.js";
import { type Fields, network, networkOf, problemOf, runTraining } from "./support.js";

/** The squared Wasserstein distance between two samples of one size. */
function wasserstein(a: Tensor, b: Tensor) {
  const n = a.size(0);
  const cost = tidy(() => Float64Array.from(squaredDistances(a, b).toNumbers()));
  return exactPlan(cost, n, n).cost;
}

/** What both problems share. */
const common: Fields = {
  ...{ process: brownian({ sigma: 1 }), method: methods.dsbm, grid: uniformGrid(20) },
  ...{ network: network(2, 3, 64), firstCoupling: "ind", emaRate: 0.99, emaWarmup: true },
  ...{ seed: 1, threads: 1 },
};

/** A method with its own network. */
const methodWith = (method: Method) => ({ method, network: networkOf(method, 2, 3, 64) });
/** One half-iteration of the direction b. */
const oneWay: Fields = { sequence: ["b"], halfIterations: 1 };
const online: Fields = {
  ...{ ...methodWith(methods.alpha_dsbm), sequence: ["b"], halfIterations: 2, steps: 400 },
  ...{ stepVariance: "bridge", lastNoise: false },
};

/** What falls to which part of its distance to the target, at least. */
const planarCases: [name: string, factor: number, changes: Fields][] = [
  [
    "DSBM of an Ornstein–Uhlenbeck process, mean matching",
    0.1,
    {
      process: ornsteinUhlenbeck({ sigma: 1 }),
      parametrisation: { meanMatch: true, stdTrick: false, lossScale: false },
      lastNoise: false,
    },
  ],
  ["rectified flow", 0.2, { method: methods.rectifiedflow, sequence: ["b"] }],
  ["SB-CFM", 0.15, { ...oneWay, method: methods.sbcfm, batchSize: 64 }],
  ["Sinkhorn bridge", 0.1, { ...methodWith(methods.sinkhorn_bridge), halfIterations: 1 }],
];

describe("eight Gaussians to two moons", () => {
  it.each(planarCases)("%s", async (name, factor, changes) => {
    // The plan of a Sinkhorn bridge is of all pairs.
    const rows = name === "Sinkhorn bridge" ? 1500 : 4000;
    const generator = generatorOf(11);
    const [x0, x1] = [moons(rows, { generator }), eightGaussians(rows, { generator })];
    const fields: Fields = {
      ...{ ...common, data: { x0, x1 }, halfIterations: 3, steps: 800, batchSize: 128, lr: 3e-3 },
      ...changes,
    };
    const training = await runTraining(problemOf(fields));
    tidy(() => {
      const target = moons(400, { generator: generatorOf(21) });
      const start = eightGaussians(400, { generator: generatorOf(22) });
      const ends = training.sampler.simulate("b", start, {
        generator: generatorOf(23),
        lastNoise: false,
      });
      const [before, after] = [wasserstein(start, target), wasserstein(ends, target)];
      expect(after).toBeLessThan(factor * before);
    });
  });
});
/** One network for both directions. */
const bothFields: Fields = {
  ...methodWith(methods.sf2m),
  batchCoupling: minibatchEntropic({ reg: 2 }),
};

describe("the Gaussian bridge at dimension 2", () => {
  const ways: [name: string, changes: Fields][] = [
    ["DSBM-IPF", { firstCoupling: "ref", halfIterations: 6, steps: 500 }],
    ["DSBM-IMF", { halfIterations: 4 }],
    [
      "DSB",
      {
        ...{ method: methods.dsb_increments, firstCoupling: "ref", halfIterations: 10 },
        ...{ batchSize: 128, steps: 600 },
      },
    ],
    ["α-DSBM", { ...online, firstSteps: 500, cacheGrid: uniformGrid(10) }],
    ["[SF]²M", { ...bothFields, ...oneWay, batchSize: 128 }],
    ["LightSB", { ...methodWith(methods.lightsb({ components: 5 })), halfIterations: 1, lr: 0.01 }],
    [
      "LightSB-M",
      { ...methodWith(methods.lightsb_m({ components: 5 })), halfIterations: 1, lr: 0.01 },
    ],
    ["Gaussian bridge", { ...methodWith(methods.gaussian_bridge), halfIterations: 1 }],
  ];
  const rows = ways.map(([name, changes]) => ({ name, changes }));
  it.each(rows)("$name reaches the exact covariance within 0.03", async ({ changes }) => {
    const generator = generatorOf(31);
    const data = gaussianEndpoints({ n: 6000, dim: 2, a: 0.1, generator });
    const fields: Fields = {
      ...{ ...common, data, halfIterations: 4, steps: 700, batchSize: 256, lr: 2e-3 },
      ...changes,
    };
    const training = await runTraining(problemOf(fields));
    tidy(() => {
      const n = 20_000;
      const start = gaussianEndpoints({ n, dim: 2, a: 0.1, generator: generatorOf(32) }).x1;
      const ends = training.sampler.simulate("b", start, {
        grid: uniformGrid(20),
        generator: generatorOf(33),
      });
      const centred = [start, ends].map((x) => x.sub(x.mean([0], { keepdim: true })));
      const covariance = centred[0].mul(centred[1]).mean().item();
      expect(Math.abs(covariance - exactCovariance({ sigma: 1 }))).toBeLessThan(0.03);
    });
  });
});

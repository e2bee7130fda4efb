// What bridge refuses: the input, the code of the error, and one line with the cure.
import { randn, tensor, tidy, zeros } from "@dsbm/torch";
import { expect, it } from "vitest";
import { chainOf } from "../src/chain/chain.js";
import { inBatches } from "../src/core/batches.js";
import { BridgeError } from "../src/core/errors.js";
import { gammaGrid, gammaSchedule, uniformGrid } from "../src/core/time-grid.js";
import { checkPairs } from "../src/coupling/known.js";
import { langevin, referenceMean } from "../src/langevin/langevin.js";
import { langevinRun } from "../src/langevin/run.js";
import { dsbLangevin } from "../src/method/dsb-langevin.js";
import { methodNamed, methods } from "../src/method/index.js";
import { networkFlow } from "../src/method/network-flow.js";
import { withPreconditioning } from "../src/method/preconditioned.js";
import { FeatureStatistics } from "../src/metric/feature-statistics.js";
import { frechetDistance } from "../src/metric/frechet.js";
import { bandError, fourierModes, isotropicSpectrum } from "../src/metric/spectrum.js";
import { valueStatistics } from "../src/metric/value-statistics.js";
import { optimality } from "../src/metric/vectors/optimality.js";
import { FittedGaussian } from "../src/model/fitted-gaussian.js";
import { assignment } from "../src/ot/assignment.js";
import { exactPointPlan } from "../src/ot/exact.js";
import { samplePairs } from "../src/ot/sample.js";
import { sinkhorn } from "../src/ot/sinkhorn.js";
import { brownian } from "../src/process/brownian.js";
import { ornsteinUhlenbeck } from "../src/process/ornstein-uhlenbeck.js";
import { solveFlow } from "../src/solver/index.js";
import { probabilityFlow } from "../src/solver/probability-flow.js";
import { oscillating } from "./support.js";

const gammas = [0.05, 0.3, 0.2, 0.4];
const x = () => randn([4, 2]);
const grid = uniformGrid(3);
const oneGaussian = { mean: zeros([1]), covariance: tensor([[1]]) };
const ends = { x0: zeros([3, 1]), x1: zeros([4, 1]) };
const rows = (...list: number[]) => Int32Array.from(list);
const gammaBounds = (gamma_min: number, gamma_max: number) => ({ gamma_min, gamma_max });
const flow = (changes: object) => solveFlow(oscillating, x(), { times: [0, 1], ...changes });
const spectrum = (...energy: number[][]) => ({ k: energy[0]?.map((_, i) => i + 1) ?? [], energy });
const withoutNetworks = { method: methods.dsbm, process: brownian(), grid, networks: {} };

it.each<[string, () => unknown, BridgeError["code"], RegExp]>([
  ["no steps", () => uniformGrid(0), "argument", /number of steps is 0; expected an integer/],
  ["no gammas", () => gammaGrid([]), "argument", /at least one gamma/],
  ["gammas", () => gammaGrid([1, -1]), "argument", /each finite and positive/],
  ["bounds", () => gammaSchedule(3, gammaBounds(3, 2)), "argument", /0 < gamma_min ≤ gamma_max/],
  [
    "odd symmetry",
    () => gammaSchedule(3, { ...gammaBounds(1, 2), symmetric_gamma: true }),
    "argument",
    /even number .* got 3; use 4$/,
  ],
  ["modes", () => fourierModes(Number.POSITIVE_INFINITY, 2), "argument", /from 1 to 16384/],
  ["times", () => chainOf([0, 0.5]), "argument", /rise from 0 to 1/],
  ["batch size", () => inBatches(x(), 0, () => 0), "argument", /batches of 0/],
  ["no rows", () => inBatches(zeros([0, 2]), 1, () => 0), "data", /no samples .*expected \[n, …\]/],
  ["no pairs", () => checkPairs({ x0: rows(), x1: rows() }, ends), "data", /at least one/],
  [
    "a far pair",
    () => checkPairs({ x0: rows(3), x1: rows(0) }, ends),
    "data",
    /x0 has no row 3; expected 0 to 2/,
  ],
  ["scales", () => langevin({ gammas, scale: [1] }), "argument", /1 values of scale .* give 4$/],
  ["weights", () => langevin({ gammas, weight: [1, 1, 1, -1] }), "argument", /at least 0$/],
  [
    "mean",
    () => langevin({ gammas, mean: tensor([Number.NaN]) }),
    "argument",
    /the mean at time 1/,
  ],
  ["variance", () => langevin({ gammas, variance: 0 }), "argument", /var_final_gamma_scale\)$/],
  ["large gammas", () => langevin({ gammas: [4] }), "argument", /use smaller steps/],
  [
    "a Gaussian of another shape",
    () => {
      const process = langevin({ gammas, mean: tensor([1, 2]) });
      return langevinRun(process, referenceMean(process), zeros([2, 3]), { direction: "f" });
    },
    "argument",
    /shape \[2\], samples have \[3\].*give one value a coordinate/,
  ],
  [
    "another grid of dsb",
    () =>
      dsbLangevin({ gammas }).sampler((y) => y, x(), {
        ...{ direction: "f", grid, process: brownian() },
      }),
    "argument",
    /got a grid of 3; use 4$/,
  ],
  ["method", () => methodNamed("dbsm"), "argument", /expected one of dsbm/],
  ["dsb alone", () => methodNamed("dsb"), "argument", /give their variances/],
  ["no networks", () => networkFlow(withoutNetworks), "argument", /at least one direction/],
  [
    "precondition",
    () => withPreconditioning(methods.sf2m),
    "argument",
    /expected one with a drift network/,
  ],
  ["one sample", () => valueStatistics(zeros([1, 3])), "data", /expected 2 or more/],
  ["a covariance", () => new FeatureStatistics(2).gaussian(), "data", /expected at least 2/],
  [
    "a negative eigenvalue",
    () => frechetDistance(oneGaussian, { ...oneGaussian, covariance: tensor([[-1]]) }),
    "data",
    /expected none below 0/,
  ],
  ["no fields", () => isotropicSpectrum(x()), "data", /expected fields/],
  [
    "other fields",
    () => bandError(spectrum([1]), spectrum([1, 1])),
    "argument",
    /expected fields of one shape/,
  ],
  ["epsilon", () => optimality(x(), x(), { epsilon: 0 }), "argument", /expected a number above 0/],
  ["many dimensions", () => new FittedGaussian([3, 64, 64]), "argument", /data\.components/],
  ["costs", () => assignment(Float64Array.of(1, 2, 3), 2), "argument", /expected n × m = 2 × 2/],
  ["a NaN cost", () => assignment(Float64Array.of(Number.NaN), 1), "not_finite", /\[0, 0\] is NaN/],
  ["no points", () => exactPointPlan(x(), zeros([0, 2])), "data", /expected \[n, …\]/],
  ["a plan", () => samplePairs(tensor([[0]]), Float64Array.of(0)), "argument", /no mass/],
  ["reg", () => sinkhorn(x(), { reg: -1 }), "argument", /reg is -1; expected/],
  ["penalty", () => sinkhorn(x(), { reg: 1, penalty: 0 }), "argument", /greater than 0/],
  ["NaN costs", () => sinkhorn(x().div(0), { reg: 1 }), "argument", /NaN or infinite/],
  [
    "other points",
    () => sinkhorn({ x0: x(), x1: zeros([3, 1]) }, { reg: 1 }),
    "argument",
    /as many coordinates/,
  ],
  ["sigma", () => brownian({ sigma: -1 }), "argument", /expected a finite number of at least 0/],
  ["sigma", () => ornsteinUhlenbeck({ sigma: 0 }), "argument", /expected a positive number/],
  ["solver", () => flow({ solver: "rk4" }), "argument", /one of dopri5, heun, euler/],
  ["flow times", () => flow({ times: [0, 1, 1] }), "argument", /only grow or only fall/],
  ["tolerance", () => flow({ rtol: 0 }), "argument", /rtol is 0; expected a positive number/],
  ["no drift", () => probabilityFlow({}), "argument", /give forward, backward or both$/],
  ["eps", () => probabilityFlow({ forward: (y) => y, eps: 0.5 }), "argument", /below 0.5/],
])("%s", (_, run, code, cure) => {
  const refusal = (() => {
    try {
      tidy(() => void run());
    } catch (error) {
      return error;
    }
    throw new Error("nothing was refused");
  })();
  expect(refusal).toBeInstanceOf(BridgeError);
  const { message } = refusal as BridgeError;
  expect([(refusal as BridgeError).code, message]).toEqual([code, expect.stringMatching(cure)]);
  expect(message).not.toContain("\n");
});

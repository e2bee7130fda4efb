// Entropic transport between pairs whose plan is known (Gushchin 2023), on pairs of our own, and between two Gaussians.
import { moments, stream } from "@dsbm/bridge";
import { testRows } from "@dsbm/datasets";
import { openSubject } from "@dsbm/evaluation";
import { tidy } from "@dsbm/torch";
import { type Benchmark, type Case, publishedRow } from "../benchmark.js";
import { entropic, matchedMoments, methodsOf, quickOptions, rollouts } from "../methods.js";
import {
  countsOf,
  exactSampler,
  gaussianDim,
  gaussians,
  longMethods,
  longRows,
  optionsOf,
  plan,
  referenceStarts,
  rowsOf,
  writeEnds,
} from "./eot/data.js";
import { measurePlan, referencesOf } from "./eot/measure.js";

const dims = [2, 16, 64, 128];
const epsilons = [1, 0.1, 10];

/** Learning rates that suit LightSB at a noise. */
const lightRate: Record<number, number> = { 0.1: 1e-2, 1: 1e-2, 10: 6e-2 };

/**
 * Learning rates for LightSB-M: with little noise, and in many dimensions, components are far from
 * their start.
 */
const matchingRate = (dim: number, epsilon: number): number =>
  epsilon < 1 ? 3e-2 : dim < 64 || epsilon > 1 ? 3e-3 : 1e-2;

function planCase(dim: number, epsilon: number): Case {
  const name = `D${dim}-eps${epsilon}`;
  return {
    name,
    options: optionsOf(name, epsilon),
    own: {
      lightsb: { lr: lightRate[epsilon] as number },
      lightsb_m: { lr: matchingRate(dim, epsilon) },
    },
    async prepare(files, { quick }, method) {
      const { potential, draw } = plan(dim, epsilon);
      writeEnds(files, name, { quick, method, draw });
      potential.dispose();
    },
    measure: (run) => measurePlan(dim, epsilon, run),
    references: (sizes) => referencesOf(dim, epsilon, sizes),
  };
}

const gaussianName = `N${gaussianDim}`;

const gaussianCase: Case = {
  name: gaussianName,
  options: optionsOf(gaussianName, 1),
  own: { lightsb_m: { lr: 3e-3 } },
  async prepare(files, { quick }, method) {
    writeEnds(files, gaussianName, { quick, method, draw: gaussians });
  },
  async measure(run) {
    const { seed, device } = run.config;
    using subject = await openSubject(run.folder, { ...run, steps: null, seed, device });
    const { grid, trained, bridge } = subject;
    const { sampler } = bridge;
    return tidy(() => {
      const start = testRows(subject.datasets.x0, 10_000, seed);
      const generator = stream(seed, "benchmark/eot");
      const end = sampler.simulate("f", start, {
        ...{ grid, lastNoise: trained.lastNoise, generator },
      });
      // For starts of variance 1; the variance of few samples differs.
      return { cross_cov: moments(end, start).cov / moments(start, start).var };
    });
  },
  // (√(4 + ε²/4) − ε/2) with ε = 1.
  references: async () => ({ exact: { cross_cov: Math.sqrt(4.25) - 0.5 } }),
};

const publishedColumns = { metric: "cbw2_uvp", columns: dims.map((dim) => `D${dim}-eps1`) };
const uvpRow = (label: string, values: readonly number[], of?: string) =>
  publishedRow(publishedColumns, label, values, { of, differs: "the published pairs are others" });

const largeBatch = { batch_size: 512 };
/** Simulated pairs of few steps are as close as pairs of many steps. */
const simulatedPairs = { ...largeBatch, ...matchedMoments, cache_num_steps: 20 };
/** For networks that start from nothing: two layers and one input of time learn such drifts slowly. */
const network = { "model.hidden": [256, 256, 256], "model.time_frequencies": 8, lr: 3e-3 };
const learntMethod = { ...simulatedPairs, ...network };
const rolledOut = { ...learntMethod, ...rollouts, n_ipf: 2 };
const online = { ...rolledOut, first_num_iter: 5000, num_iter: 10000 };
const longTraining = { first_num_iter: 5000, num_iter: 20000 };
const spread = { mixture_spread: 1 };

export const eot: Benchmark = {
  name: "eot",
  about:
    "pairs with a known entropic plan, N(0, I) at the start: cBW²-UVP, and N(0, I) to N(0, 4I)",
  command: "train",
  cases: [...epsilons.flatMap((eps) => dims.map((dim) => planCase(dim, eps))), gaussianCase],
  methods: methodsOf({
    dsbm_ipf: { ...learntMethod, n_ipf: 4, num_iter: 2500 },
    dsbm_imf: { ...learntMethod, n_ipf: 4, num_iter: 2500 },
    dsbm_imf_long: { ...learntMethod, n_ipf: 3, ...longTraining },
    dsbm_imf_pre: { ...learntMethod, n_ipf: 4, num_iter: 2500 },
    // Plans of many rows with the noise's entropy are near the bridge's own: two iterations are enough, and errors add up.
    dsbm_imf_ot: { ...learntMethod, ...entropic, n_ipf: 2, ...longTraining },
    dsbm_mix: { ...simulatedPairs, ...spread, n_ipf: 1, num_iter: 2500 },
    alpha_dsbm: online,
    alpha_dsbm_ot: { ...rolledOut, first_num_iter: 20000, num_iter: 20000 },
    alpha_dsbm_pre: online,
    alpha_dsbm_mix: { ...simulatedPairs, ...spread, n_ipf: 1, num_iter: 2500 },
    // Exact plans of batches are plans without noise.
    sf2m: { ot_sampler: "sinkhorn", ...largeBatch, ...network, num_iter: 20000 },
    lightsb: spread,
    lightsb_m: { ...largeBatch, ...spread },
    sinkhorn_bridge: {},
    gaussian_bridge: {},
  }),
  seeds: [1],
  quick: { cases: ["D16-eps1", gaussianName], ...quickOptions },
  metrics: [
    {
      ...{ name: "cbw2_uvp", title: "cBW²-UVP, percent", digits: 2, floor: exactSampler },
      quick: `${countsOf(true).x} starts with ${countsOf(true).y} ends each, published: 1000 with 1000`,
    },
    {
      ...{
        name: "plan_uvp",
        title: "cBW²-UVP of the learnt plan in closed form, percent",
        digits: 2,
      },
      quick: `${countsOf(true).x} starts, published: 1000`,
    },
    { name: "path_kl", title: "KL of the path measures, exact to learnt", digits: 3 },
    { name: "cross_cov", title: "Cov(X0, X1) a coordinate", digits: 4, best: null },
  ],
  published: [
    uvpRow("LightSB", [0.05, 0.09, 0.24, 0.62], "lightsb"),
    uvpRow("LightSB-M", [0.09, 0.18, 0.47, 1.2], "lightsb_m"),
    uvpRow("DSBM", [0.3, 1.1, 9.7, 31]),
    uvpRow("SF2M", [0.2, 1.1, 9, 23], "sf2m"),
    uvpRow("BM²", [0.14, 0.41, 1.72, 8.3], "alpha_dsbm"),
    uvpRow("I-BM (IMF)", [0.2, 0.53, 2.2, 7.79], "dsbm_imf"),
    uvpRow("exact drift, 200 steps", [0.1, 0.17, 0.45, 1.18]),
  ],
  unranked: {
    labels: [
      ...["lightsb", "lightsb_m", "dsbm_mix", "alpha_dsbm_mix"],
      ...["LightSB", "LightSB-M", "exact drift, 200 steps"],
    ],
    why: "the model family contains the answer",
  },
  notes: [
    `${longMethods.map((name) => `\`${name}\``).join(", ")} have ${longRows.toLocaleString("en")} training rows of each end, other methods ${rowsOf(false).toLocaleString("en")}.`,
    `The published figures belong to other pairs, whose potentials cannot be had here: compare each with its reference rows, of ${referenceStarts} starts at most.`,
  ],
};

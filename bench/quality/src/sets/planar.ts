// Distributions in the plane (Tong 2024): exact W2 of 10,000 points to the target, and what the paths spend.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Endpoint, stream, wasserstein } from "@dsbm/bridge";
import { loadTable } from "@dsbm/data";
import { testRows } from "@dsbm/datasets";
import { measureQuality, openSubject } from "@dsbm/evaluation";
import { writeFileAtomic } from "@dsbm/files";
import { cat, io, noGrad, type Tensor, tidy } from "@dsbm/torch";
import {
  type Benchmark,
  type Case,
  type Measured,
  type Options,
  type Published,
  publishedRow,
  type Sizes,
  type Values,
} from "../benchmark.js";
import {
  analytic,
  cachedRows,
  matchedMoments,
  methodsOf,
  quickOptions,
  rollouts,
} from "../methods.js";
import { mean } from "../table.js";

const points = 10_000;
/** To train on: of as few as are measured the sampling error would be as large as what is measured. */
const trainingRows = 100_000;
/** Training rows of a quick benchmark. */
const quickTrainingRows = 2000;
/** Pairs of samples whose distances are the floor. */
const floors = 5;
const otherSamples = "other samples of the target";
const steps = 20;
const exactFlow = `exact rectified flow, ${steps} steps`;
/** Starts that are carried at a time. */
const chunk = 1000;

const pairs: Record<string, [source: string, target: string]> = {
  moons: ["normal", "moons"],
  scurve: ["normal", "scurve"],
  "8gaussians": ["normal", "eight_gaussians"],
  "moons-8gaussians": ["moons", "eight_gaussians"],
};

const countOf = (quick: boolean) => (quick ? quickTrainingRows : points);

async function measure(run: Measured): Promise<Values | null> {
  const { folder, datasets, threads, progress, signal } = run;
  const { seed, device } = run.config;
  const n = countOf(run.quick);
  const common = { seed, datasets, threads, progress, signal };
  const quality = await measureQuality(folder, {
    ...{ ...common, n, metrics: ["path_energy", "npe"], direction: "f" },
  });
  if (!quality) return null;
  progress.update({ label: "measuring W2", step: 0, steps: 1 });
  using subject = await openSubject(folder, { ...common, steps: null, device });
  const w2 = noGrad(() =>
    tidy(() => {
      const [start, data] = [
        testRows(subject.datasets.x0, n, seed),
        testRows(subject.datasets.x1, n, seed),
      ];
      const end = subject.bridge.sampler.simulate("f", start, {
        ...{ grid: subject.grid, lastNoise: subject.trained.lastNoise },
        generator: stream(seed, "benchmark/2d"),
      });
      return subject.unit * wasserstein(end, data, { p: 2 }).value;
    }),
  );
  const row = (name: string) => quality.rows.find((metric) => metric.name === name)?.value ?? null;
  return { w2, path_energy: row("path_energy"), npe: row("npe") };
}

/**
 * Means of several, since a single one depends on the number of points in each part of the target.
 */
async function floor(
  [source, target]: [string, string],
  { quick, progress, signal }: Sizes,
): Promise<Record<string, Values> | null> {
  const n = countOf(quick);
  const [samples, ends]: [number[], number[]] = [[], []];
  for (let i = 0; i < floors; i++) {
    progress.update({ label: `measuring samples of ${target}`, step: i, steps: floors });
    await new Promise(setImmediate);
    if (signal.aborted) return null;
    tidy(() => {
      const drawn = (set: string, end: Endpoint, split: "train" | "test") =>
        loadTable(set, { split, end, n, seed: i }).x;
      const test = drawn(target, "x1", "test");
      const distance = (x: Tensor) => wasserstein(x, test, { p: 2 }).value;
      samples.push(distance(drawn(target, "x0", "test")));
      if (source === "normal")
        ends.push(
          distance(straightEnergy(drawn(source, "x0", "test"), drawn(target, "x1", "train"))),
        );
    });
  }
  return {
    [otherSamples]: { w2: mean(samples) },
    ...(ends.length > 0 && { [exactFlow]: { w2: mean(ends) } }),
  };
}

/**
 * Ends [n, d] of rectified flow from N(0, I) whose field is exact for the data [m, d]: with independent pairs the mean
 * of x1 given x_t weighs the data by N(x_t; t x1, (1 − t)² I) (Liu et al. 2023, equation 2).
 */
export const straightEnergy = (start: Tensor, data: Tensor): Tensor => {
  const squares = data.square().sum(1);
  const step = (x: Tensor, k: number) =>
    tidy(() => {
      const t = k / steps;
      const logits = x.matmul(data.t()).sub(squares.mul(t / 2));
      const weights = logits.mul(t / (1 - t) ** 2).softmax(1);
      return x.add(
        weights
          .matmul(data)
          .sub(x)
          .div(steps - k),
      );
    });
  const carried = (x: Tensor) => Array.from({ length: steps }, (_, k) => k).reduce(step, x);
  return cat(start.split(chunk).map(carried));
};

/** Points of an end for `dsbm fit`, which takes files: these to measure with, and those to train on. */
const fileOf = (files: string, set: string, end: Endpoint) => join(files, `${set}_${end}.npy`);

function write(files: string, set: string, { end, n }: { end: Endpoint; n: number }): void {
  const path = fileOf(files, set, end);
  if (existsSync(path)) return;
  const { x } = loadTable(set, { split: "train", end, n: trainingRows + n });
  writeFileAtomic(path, io.encodeNpy(x));
  x.dispose();
}

const caseOf = ([name, [source, target]]: [string, [string, string]]): Case => ({
  name,
  datasets: (files) => [fileOf(files, source, "x0"), fileOf(files, target, "x1")],
  options(_, { quick }, command): Options {
    if (command === "fit") return { "data.test_fraction": points / (trainingRows + points) };
    return {
      ...{ dataset: "moons", Dataset: source, Dataset_transfer: target, name: target },
      ...{ num_steps: steps, lr_schedule: "cosine", test_npar: 1000, ...cachedRows(12_800, 500) },
      ...(quick ? { "data.n_test": quickTrainingRows } : { "data.n_train": trainingRows }),
    };
  },
  async prepare(files) {
    write(files, source, { end: "x0", n: points });
    write(files, target, { end: "x1", n: points });
  },
  measure,
  references: (sizes) => floor([source, target], sizes),
});

const columns = Object.keys(pairs);
const row = (
  metric: string,
  label: string,
  values: readonly (number | null)[],
  more: Partial<Published> = {},
) => publishedRow({ metric, columns }, label, values, { seeds: 5, ...more });

/** σ = 1 in steps that are short at both ends, where drifts change fast. */
const grid = { sigma: null, gamma_min: 0.01, gamma_max: 0.09, symmetric_gamma: true };
/** Two layers learn edges slowly, and the time as one number hides how fast drifts change. */
const network = { "model.hidden": [128, 128, 128], "model.time_frequencies": 8, lr: 3e-3 };
const oneIteration = { n_ipf: 1, num_iter: 10000, batch_size: 256 };
const noisyPaths = { ...network, ...grid, ...oneIteration };
const flow = { "model.hidden": [256, 256, 256], ...oneIteration };
const simulatedPairs = { ...matchedMoments, ...network, ...grid, batch_size: 256 };
const stages = { n_ipf: 2, first_num_iter: 5000, num_iter: 2500, batch_size: 512 };
const online = { ...simulatedPairs, ...rollouts, ...stages };

export const planarBenchmark: Benchmark = {
  name: "2d",
  about:
    "distributions in the plane, σ = 1, 20 steps: exact W2 to 10,000 points of the target, path energy, NPE",
  command: "train",
  cases: Object.entries(pairs).map(caseOf),
  methods: [
    // In a quick benchmark it would not get to train.
    { name: "fit", options: { max_minutes: 2 }, command: "fit", fullOnly: true },
    ...methodsOf({
      dsbm_ipf: simulatedPairs,
      dsbm_imf: simulatedPairs,
      dsbm_imf_pre: { ...simulatedPairs, n_ipf: 3 },
      dsbm_mix: { ...simulatedPairs, n_ipf: 2, num_iter: 2500 },
      dsbm_imf_ot: simulatedPairs,
      alpha_dsbm: online,
      alpha_dsbm_pre: online,
      alpha_dsbm_mix: { ...simulatedPairs, ...rollouts, n_ipf: 1, num_iter: 5000 },
      sf2m: { ...noisyPaths, ...analytic },
      lightsb: {},
      lightsb_m: { batch_size: 512 },
      sb_cfm: noisyPaths,
      ot_cfm: flow,
      rectified_flow: flow,
      sinkhorn_bridge: {},
      gaussian_bridge: {},
    }),
  ],
  seeds: [1, 2, 3, 4, 5],
  quick: { cases: ["moons", "moons-8gaussians"], ...quickOptions },
  metrics: [
    {
      ...{ name: "w2", title: "exact W2", digits: 3 },
      floor: otherSamples,
      quick: `${quickTrainingRows} points, published: ${points}`,
    },
    { name: "path_energy", title: "path energy of the SDE", digits: 2 },
    { name: "npe", title: "normalised path energy of the probability flow", digits: 3 },
  ],
  // In the order of the columns: moons, scurve, 8gaussians, moons to 8gaussians.
  published: [
    row("w2", "DSBM-IPF", [0.14, 0.14, 0.315, 0.812], { of: "dsbm_ipf" }),
    row("w2", "DSBM-IMF", [0.144, 0.145, 0.338, 0.838], { of: "dsbm_imf" }),
    row("w2", "DSBM-IMF+", [0.123, 0.13, 0.276, 0.802], { of: "dsbm_imf_ot" }),
    row("w2", "OT-CFM", [0.111, 0.102, 0.253, 0.716], { of: "ot_cfm" }),
    row("w2", "RF", [0.129, 0.126, 0.267, 1.522], { of: "rectified_flow", floor: exactFlow }),
    row("w2", "SF2M-Exact, 100 steps", [0.124, 0.128, 0.275, 0.726], {
      ...{ of: "sf2m", differs: "20 steps, published: 100" },
    }),
    row("w2", "LightSB-M", [0.201, null, 0.339, 0.295], { of: "lightsb_m" }),
    row("w2", "LightSBB-M", [0.109, null, 0.241, 0.201]),
    row("npe", "SF2M", [0.053, 0.034, 0.016, 0.045], { of: "sf2m", floor: "lightsb" }),
    row("npe", "DSBM-IMF", [0.23, 0.286, 0.029, 0.345], {
      ...{ of: "dsbm_imf", floor: "lightsb" },
    }),
    row("npe", "OT-CFM", [0.083, 0.027, 0.031, 0.015], { of: "ot_cfm" }),
  ],
  notes: [
    `\`${exactFlow}\` has no errors of training: what it has above the other samples is that of its steps. \`lightsb\` has the drift and the plan of a bridge in closed form, and is near the true one where that is known (eot): a flow with less energy is of another bridge, or of less noise. The flow of \`sinkhorn_bridge\` is not evaluated in the first and the last step, where it would run to single points.`,
    "`fit` is dsbm fit in two minutes, which chooses its own noise.",
    "Path energies compare methods of one noise and one grid that reach the target; flows have no noise and spend less.",
    "DSBM, α-DSBM and [SF]²M take steps that are short at both ends: on the S curve, which is thin, the drift is large near the end, and only short steps measure it there.",
  ],
};

// Entropic transport between pairs whose plan is known (Gushchin 2023), on pairs of our own, and between two Gaussians.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  eulerMaruyama,
  type Field,
  type Gaussian,
  MixturePotential,
  moments,
  stream,
  uniformGrid,
} from "@dsbm/bridge";
import { testRows } from "@dsbm/datasets";
import { openSubject } from "@dsbm/evaluation";
import { writeFileAtomic } from "@dsbm/files";
import { cat, io, noGrad, randn, type Tensor, tidy } from "@dsbm/torch";
import {
  type Benchmark,
  type Case,
  type Measured,
  publishedRow,
  type Sizes,
  type Values,
} from "../benchmark.js";
import { conditionalUvp, knownPlan, planMoments } from "../exact/known-plan.js";
import { pathKL } from "../exact/path-kl.js";
import { cached, entropic, matched, methodsOf, quickOptions, rollouts } from "../methods.js";

const dims = [2, 16, 64, 128];
const epsilons = [1, 0.1, 10];
/** Steps of the sampler. */
const steps = 100;
const gaussianDim = 16;

const rowsOf = (quick: boolean) => (quick ? 5000 : 50_000);
/** Longer half-iterations would learn these by heart, and have more. */
const long: readonly string[] = ["dsbm_imf_long", "dsbm_imf_ot", "alpha_dsbm_ot"];
const longRows = 400_000;
const hasMore = (method: string, quick: boolean) => long.includes(method) && !quick;
/** More rows are in a folder of their own. */
const placeOf = (files: string, more: boolean) => (more ? join(files, "more") : files);
/** Starts, and ends of each. */
const countsOf = (quick: boolean) => (quick ? { x: 20, y: 300 } : { x: 1000, y: 1000 });
/** Starts of rows that no method makes. */
const referenceStarts = 100;

const exactSampler = "exact sampler";

/** Draws of a start and an end, [n, d] each. */
type Draw = (n: number, purpose: string) => { start: Tensor; end: Tensor };

function plan(dim: number, epsilon: number): { potential: MixturePotential; draw: Draw } {
  const potential = knownPlan({ dim, epsilon });
  return {
    potential,
    draw(n, purpose) {
      const generator = stream(0, `benchmark/eot/${dim}/${epsilon}/${purpose}`);
      const [start, z] = [randn([n, dim], { generator }), randn([n, dim], { generator })];
      return { start, end: noGrad(() => potential.draw(start, z)) };
    },
  };
}

const gaussians: Draw = (n, purpose) => {
  const generator = stream(0, `benchmark/eot/gaussians/${purpose}`);
  const draw = () => randn([n, gaussianDim], { generator });
  return { start: draw(), end: draw().mul(2) };
};

const fileOf = (files: string, name: string, end: string) => join(files, `${name}_${end}.npy`);

function write(
  files: string,
  name: string,
  { quick, method, draw }: { quick: boolean; method: string; draw: Draw },
): void {
  const more = hasMore(method, quick);
  const [folder, n] = [placeOf(files, more), more ? longRows : rowsOf(quick)];
  if (existsSync(fileOf(folder, name, "target"))) return;
  mkdirSync(folder, { recursive: true });
  tidy(() => {
    // Ends of other starts than these: the ends of a pair must not be known.
    const { start } = draw(n, "source");
    writeFileAtomic(fileOf(folder, name, "source"), io.encodeNpy(start));
    writeFileAtomic(fileOf(folder, name, "target"), io.encodeNpy(draw(n, "target").end));
  });
}

const optionsOf =
  (name: string, epsilon: number): Case["options"] =>
  (files, { quick }, _, method) => {
    const folder = placeOf(files, hasMore(method, quick));
    const place = (end: string) => `array:${fileOf(folder, name, end)}`;
    return {
      ...{ dataset: "vectors", Dataset: place("source"), Dataset_transfer: place("target") },
      ...{ name, sigma: Math.sqrt(epsilon), num_steps: steps, test_npar: 1000 },
      ...{ cache_num_steps: 50, step_variance: "bridge", last_noise: false, lr_schedule: "cosine" },
      ...cached(12_800, 125),
    };
  };

/**
 * The mean over starts of the BW²-UVP of generated samples from many equal starts; null if it was
 * stopped.
 */
async function uvp(
  { potential, draw }: ReturnType<typeof plan>,
  ends: (starts: Tensor, i: number) => Tensor | Gaussian,
  { quick, progress, signal }: Pick<Sizes, "quick" | "progress" | "signal">,
  most = Number.POSITIVE_INFINITY,
): Promise<number | null> {
  const { x, y } = countsOf(quick);
  const count = Math.min(x, most);
  const { starts, variance } = tidy(() => {
    const { start } = draw(10_000, "measure");
    const { covariance } = planMoments(potential, start);
    return { starts: start.keep(), variance: covariance.trace().item() };
  });
  let sum = 0;
  try {
    for (let i = 0; i < count; i++) {
      progress.update({ label: "measuring conditional moments", step: i, steps: count });
      await new Promise(setImmediate);
      if (signal.aborted) return null;
      sum += noGrad(() =>
        tidy(() => {
          const x = starts.narrow(0, i, 1);
          const exact: Gaussian = planMoments(potential, x);
          const many = x.expand([y, x.size(1)]).contiguous();
          return conditionalUvp(ends(many, i), { exact, variance });
        }),
      );
    }
    return sum / count;
  } finally {
    starts.dispose();
  }
}

async function measurePlan(dim: number, epsilon: number, run: Measured): Promise<Values | null> {
  const { seed, device } = run.config;
  using subject = await openSubject(run.folder, { ...run, steps: null, seed, device });
  const known = plan(dim, epsilon);
  try {
    const { grid, trained, bridge } = subject;
    const { sampler } = bridge;
    const generator = stream(seed, "benchmark/eot");
    const cbw = await uvp(
      known,
      (starts) => sampler.simulate("f", starts, { grid, lastNoise: trained.lastNoise, generator }),
      run,
    );
    if (cbw === null) return null;
    const network = subject.bridge.networks.f;
    // Of a learnt plan the moments themselves, without samples.
    const closed =
      network instanceof MixturePotential
        ? await uvp(known, (starts) => planMoments(network, starts.narrow(0, 0, 1)), run)
        : null;
    const drift = subject.bridge.drift("f", undefined);
    const draws = stream(seed, "benchmark/eot/paths");
    const path = (d: Field) =>
      noGrad(() =>
        pathKL(d, (x, t) => known.potential.forward(x, t), {
          ...{ epsilon, times: 50 },
          draw: (t) =>
            tidy(() => {
              const [x, z, noise] = Array.from({ length: 3 }, () =>
                randn([500, dim], { generator: draws }),
              ) as [Tensor, Tensor, Tensor];
              const end = known.potential.draw(x, z);
              return trained.process.bridge({
                x0: x,
                x1: end,
                t: x.select(1, 0).mul(0).add(t),
                z: noise,
              });
            }),
        }),
      ).value;
    const hasPaths = drift && trained.method.predicts !== "velocity";
    return { cbw2_uvp: cbw, plan_uvp: closed, path_kl: hasPaths ? path(drift) : null };
  } finally {
    known.potential.dispose();
  }
}

async function referencesOf(
  dim: number,
  epsilon: number,
  sizes: Sizes,
): Promise<Record<string, Values> | null> {
  const known = plan(dim, epsilon);
  const { potential } = known;
  const generator = stream(1, `benchmark/eot/references/${dim}/${epsilon}`);
  const normal = (like: Tensor) => randn(like.shape, { generator });
  const target = tidy(() => {
    const { start, end } = known.draw(10_000, "measure");
    return { end: end.keep(), mean: planMoments(potential, start).mean.keep() };
  });
  const { y } = countsOf(sizes.quick);
  const rows: [string, (starts: Tensor, i: number) => Tensor][] = [
    [exactSampler, (x) => potential.draw(x, normal(x))],
    [
      "exact drift, 200 steps",
      (x) =>
        eulerMaruyama((s, t) => potential.forward(s, t), x, {
          ...{ direction: "f", grid: uniformGrid(200), sigma: Math.sqrt(epsilon), noise: normal },
        }),
    ],
    ["independent plan", (_, i) => target.end.narrow(0, (i * y) % (10_000 - y), y)],
    ["constant mean", () => cat([target.mean.unsqueeze(0), target.mean.unsqueeze(0)])],
  ];
  const found: Record<string, Values> = {};
  try {
    for (const [label, ends] of rows) {
      const cbw2_uvp = await uvp(known, ends, sizes, referenceStarts);
      if (cbw2_uvp === null) return null;
      found[label] = { cbw2_uvp };
    }
    return found;
  } finally {
    for (const tensor of [target.end, target.mean, potential]) tensor.dispose();
  }
}

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
      write(files, name, { quick, method, draw });
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
    write(files, gaussianName, { quick, method, draw: gaussians });
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

const published = { metric: "cbw2_uvp", columns: dims.map((dim) => `D${dim}-eps1`) };
const uvpRow = (label: string, values: readonly number[], of?: string) =>
  publishedRow(published, label, values, { of, differs: "the published pairs are others" });

const large = { batch_size: 512 };
/** Simulated pairs of few steps are as close as pairs of many steps. */
const simulated = { ...large, ...matched, cache_num_steps: 20 };
/** For networks that start from nothing: two layers and one input of time learn such drifts slowly. */
const network = { "model.hidden": [256, 256, 256], "model.time_frequencies": 8, lr: 3e-3 };
const learnt = { ...simulated, ...network };
const rolledOut = { ...learnt, ...rollouts, n_ipf: 2 };
const online = { ...rolledOut, first_num_iter: 5000, num_iter: 10000 };
const longer = { first_num_iter: 5000, num_iter: 20000 };
const spread = { mixture_spread: 1 };

export const eot: Benchmark = {
  name: "eot",
  about:
    "pairs with a known entropic plan, N(0, I) at the start: cBW²-UVP, and N(0, I) to N(0, 4I)",
  command: "train",
  cases: [...epsilons.flatMap((eps) => dims.map((dim) => planCase(dim, eps))), gaussianCase],
  methods: methodsOf({
    dsbm_ipf: { ...learnt, n_ipf: 4, num_iter: 2500 },
    dsbm_imf: { ...learnt, n_ipf: 4, num_iter: 2500 },
    dsbm_imf_long: { ...learnt, n_ipf: 3, ...longer },
    dsbm_imf_pre: { ...learnt, n_ipf: 4, num_iter: 2500 },
    // Plans of many rows with the noise's entropy are near the bridge's own: two iterations are enough, and errors add up.
    dsbm_imf_ot: { ...learnt, ...entropic, n_ipf: 2, ...longer },
    dsbm_mix: { ...simulated, ...spread, n_ipf: 1, num_iter: 2500 },
    alpha_dsbm: online,
    alpha_dsbm_ot: { ...rolledOut, first_num_iter: 20000, num_iter: 20000 },
    alpha_dsbm_pre: online,
    alpha_dsbm_mix: { ...simulated, ...spread, n_ipf: 1, num_iter: 2500 },
    // Exact plans of batches are plans without noise.
    sf2m: { ot_sampler: "sinkhorn", ...large, ...network, num_iter: 20000 },
    lightsb: spread,
    lightsb_m: { ...large, ...spread },
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
    `${long.map((name) => `\`${name}\``).join(", ")} have ${longRows.toLocaleString("en")} training rows of each end, other methods ${rowsOf(false).toLocaleString("en")}.`,
    `The published figures belong to other pairs, whose potentials cannot be had here: compare each with its reference rows, of ${referenceStarts} starts at most.`,
  ],
};

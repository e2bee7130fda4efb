// How each method trains in the checks, at full size and in the tests: one line a method that needs more than the usual options.
import { type MethodFacts, type MethodName, methodsWith } from "@dsbm/bridge/facts";
import type { Options } from "../benchmark.js";
import type { Sampler } from "./law.js";

/** σ, as a share of the spread of the data: so much that each wrong plan and each wrong noise shows. */
export const sigmaShare = 1.2;

/** How large the checks are. */
export type Size = "full" | "small";

/** Vectors, with one network of two layers and the noise that keeps the variance. */
const usualOptions: Options = {
  dataset: "vectors",
  sigma: sigmaShare,
  "data.standardise": "global",
  num_steps: 50,
  first_coupling: "ind",
  threads: 1,
  plot_level: 0,
  "metrics.judge": false,
  gif: false,
  test_npar: 100,
  LOGGER: "NONE",
};

const lengths: Record<Size, Options> = {
  full: { n_ipf: 1, num_iter: 2000, "model.hidden": "64,64", lr: 3e-3, lr_schedule: "cosine" },
  small: {
    n_ipf: 1,
    num_iter: 20,
    "model.hidden": "16,16",
    batch_size: 32,
    num_steps: 10,
    mixture_components: 5,
    test_npar: 8,
  },
};

/** A network that sees t alone learns too little of the drift near the end, and its variance is a tenth too large. */
const timeFeatures = { "model.time_frequencies": 4 };
const iteratedOptions = {
  n_ipf: 4,
  num_iter: 1000,
  match_moments: true,
  step_variance: "analytic",
  ...timeFeatures,
};
const mixtureOptions = { mixture_components: 10, mixture_spread: 1 };

/** Options of methods at full size, next to the usual options. */
const methodOptions: Partial<Record<MethodName, Options>> = {
  dsbm: iteratedOptions,
  alpha_dsbm: { ...iteratedOptions, n_ipf: 2, online_cache: true, cache: "disk" },
  sf2m: { step_variance: "analytic", batch_size: 256, ...timeFeatures },
  sbcfm: { batch_size: 256 },
  lightsb: { ...mixtureOptions, num_iter: 3000 },
  lightsb_m: { ...mixtureOptions, num_iter: 3000, batch_size: 512 },
  wfr_bridge: timeFeatures,
  dsb_increments: { first_coupling: "ref", n_ipf: 4, num_iter: 1000 },
  dsb: { first_coupling: "ref", n_ipf: 4, num_iter: 1000 },
};

/** Four times the spread: rows move instead of growing. The growth of two datasets alone is not identified. */
const growthLength = { delta: 4 };

/** A method that is checked, under the name of its row. */
export interface CheckedMethod {
  name: string;
  facts: MethodFacts;
  sampler: Sampler;
  /** The options of a training. */
  options(size: Size): Options;
}

const checkedMethod = (facts: MethodFacts, sampler: Sampler = null): CheckedMethod => ({
  name: sampler === null ? facts.name : `${facts.name} ot_sampler=${sampler}`,
  facts,
  sampler,
  options: (size) => ({
    ...usualOptions,
    method: facts.name,
    ...lengths[size],
    ...(facts.mass && growthLength),
    ...(size === "full" && methodOptions[facts.name as MethodName]),
    ...(sampler !== null && { ot_sampler: sampler }),
  }),
});

const takesSampler = ({ takes, learns }: MethodFacts) =>
  learns === "pairs" && !takes.ignored.includes("ot_sampler");

/** All methods of the registry that learn from data; methods that learn their pairs once more with each plan. */
export function checkedMethods(factsOf: (name: string) => MethodFacts): CheckedMethod[] {
  return methodsWith(({ simulation }) => simulation !== "teacher").flatMap((name) => {
    const facts = factsOf(name);
    const samplers = takesSampler(facts) ? (["exact", "sinkhorn"] as const) : [];
    return [checkedMethod(facts), ...samplers.map((sampler) => checkedMethod(facts, sampler))];
  });
}

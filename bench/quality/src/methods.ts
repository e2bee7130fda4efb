// The methods of benchmarks, under the names of their tables. Further options set the length of
// training.
import type { Options, Way } from "./benchmark.js";

/** Entropic transport within many rows. */
export const entropic = { ot_sampler: "sinkhorn", ot_rows: 2048 } as const;

const methodOptions = {
  dsbm_ipf: { method: "dbdsb", first_coupling: "ref" },
  dsbm_imf: { method: "dbdsb", first_coupling: "ind" },
  // The same with longer half-iterations.
  dsbm_imf_long: { method: "dbdsb", first_coupling: "ind" },
  // The bridge between Gaussians is built in.
  dsbm_imf_pre: { method: "dbdsb", first_coupling: "ind", precondition: true },
  // LightSB's drift is built in, and makes the first pairs.
  dsbm_mix: { method: "dbdsb", precondition: "mixture" },
  // The start coupling of DSBM-IMF+.
  dsbm_imf_ot: { method: "dbdsb", first_coupling: "ind", ot_sampler: "exact" },
  alpha_dsbm: { method: "alpha_dsbm" },
  alpha_dsbm_ot: { method: "alpha_dsbm", ...entropic },
  alpha_dsbm_pre: { method: "alpha_dsbm", precondition: true },
  alpha_dsbm_mix: { method: "alpha_dsbm", precondition: "mixture" },
  sf2m: { method: "sf2m" },
  lightsb: { method: "lightsb" },
  lightsb_m: { method: "lightsb_m" },
  sb_cfm: { method: "sbcfm", first_coupling: "ind", n_ipf: 1 },
  ot_cfm: { method: "otcfm", n_ipf: 1 },
  // Each start is carried to the mean of the ends that it may have.
  ot_cfm_2_steps: { method: "otcfm", n_ipf: 1, num_steps: 2 },
  // Paths follow the data.
  ot_cfm_metric: { method: "otcfm", n_ipf: 1, interpolant: "metric" },
  rectified_flow: { method: "rf", n_ipf: 1 },
  wfr: { method: "wfr" },
  wfr_metric: { method: "wfr", interpolant: "metric" },
  sinkhorn_bridge: { method: "sinkhorn_bridge" },
  gaussian_bridge: { method: "gaussian_bridge" },
} as const;

export type MethodName = keyof typeof methodOptions;

const fullOnly: readonly MethodName[] = ["dsbm_imf_long", "alpha_dsbm_ot"];
const closedMethods: readonly MethodName[] = ["sinkhorn_bridge", "gaussian_bridge"];

/** Simulated pairs that serve for some steps each, instead of one: most of the time of DSBM is simulation. */
export const cachedRows = (pairs: number, steps: number): Options => ({
  cache: "disk",
  cache_npar: pairs,
  cache_refresh_stride: steps,
});

const twoIterations = { n_ipf: 2 };
const oneIteration = { n_ipf: 1 };

/** Simulated pairs of α-DSBM serve for some steps too (Peluchetti 2024). */
export const rollouts: Options = { online_cache: true };

/** Few steps whose pairs keep their variance. */
export const analytic: Options = { step_variance: "analytic" };

/** Simulated pairs keep their variance over the steps, and take the moments of the data. */
export const matchedMoments: Options = { ...analytic, match_moments: true };

/** What all quick benchmarks share: simulated pairs are few, and serve for some steps. */
export const quickOptions = {
  options: { batch_size: 128, ...cachedRows(2560, 100) },
  own: {
    ...{
      dsbm_ipf: twoIterations,
      dsbm_imf: twoIterations,
      dsbm_imf_pre: twoIterations,
      dsbm_mix: oneIteration,
      dsbm_imf_ot: twoIterations,
    },
    alpha_dsbm_mix: rollouts,
    sinkhorn_bridge: { "data.n_train": 2000 },
  },
};

/** Methods with their own options after the shared options. */
export const methodsOf = (methods: Partial<Record<MethodName, Options>>): readonly Way[] =>
  Object.entries(methods).map(([key, own]) => {
    const name = key as MethodName;
    const options: Options = { ...methodOptions[name], ...own };
    return {
      name,
      options,
      closed: closedMethods.includes(name),
      fullOnly: fullOnly.includes(name),
    };
  });

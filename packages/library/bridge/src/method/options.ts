// Options of configurations that several methods take, ignore or refuse together.

/** Mean paths between pairs that bend, and noise around them. */
export const pathOptions = ["interpolant=metric", "interpolant=spline", "path_noise"] as const;

/** Rows that are born and die along Wasserstein–Fisher–Rao geodesics. */
export const growthOptions = ["delta", "mass", "birth", "death", "growth_coupling=vgfm"] as const;

/** Parametrisations of a drift network, for methods whose networks have an output of their own. */
export const outputOptions = ["mean_match", "std_trick"] as const;

/** Couplings of the user, for methods that train on no pairs or on marginals only. */
export const pairOptions = ["ot_sampler", "pairs"] as const;

/** Times and noise of Brownian motion in continuous time, for methods that learn the steps of a sampler. */
export const timeOptions = ["eps", "time_sampling", "step_variance", "sde"] as const;

/** Rows of half-iterations, for methods that draw each batch from plans of all rows. */
export const rowOptions = [
  "first_pass",
  "cache",
  "cache_npar",
  "cache_batch_size",
  "cache_refresh_stride",
] as const;

/** The drift of a bridge grows without bound towards its endpoints. */
export const finiteTimes = (name: string) => ({
  "eps=0": `makes the target of ${name} infinite: write eps=1e-3 or leave it out`,
});

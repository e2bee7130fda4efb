import { z } from "zod";
import {
  count,
  file,
  flag,
  fraction,
  key,
  nameKey,
  oneOf,
  orNull,
  positive,
  positiveKey,
} from "../schema/kinds.js";

/** Options that name columns for masses (mass may be numbers instead). */
export const massKeys = ["weights", "mass", "birth", "death"] as const;

/** Options that give the masses of datasets. */
export type MassKey = (typeof massKeys)[number];

/** Options of the method, and of what its networks learn. */
export const method = {
  method: nameKey("dsbm", "name of a method, or of its preset", ["dsbm"]),
  fb_sequence: orNull(
    z.array(z.enum(["b", "f"])).min(1),
    "directions of the half-iterations, repeated; null is [b,f], and [b] for methods with one network for both",
    ["b", "f"],
  ),
  precondition: key(
    z.union([z.boolean(), z.enum(["mixture"])]),
    false,
    "networks learn a correction of a known drift: true: the Gaussian bridge with the data's moments; mixture: LightSB, fitted first",
  ),
  mean_match: flag(false, "the network predicts the endpoint instead of the drift"),
  loss_scale: key(
    z.union([z.boolean(), z.number().nonnegative(), z.string().min(1)]),
    true,
    "weight the loss by the marginal's standard deviation; for dsb also a number or an expression of gamma",
  ),
  std_trick: flag(false, "divide the network's output by the marginal's standard deviation"),
};

/** Options of the reference process and of its schedule. */
export const reference = {
  sde: oneOf(["ve", "vp"], "ve", "reference process: Brownian motion or Ornstein-Uhlenbeck"),
  sigma: orNull(
    z.number().nonnegative(),
    "standard deviation of the reference process at time 1; null: by gamma_min and gamma_max",
    1,
  ),
  gamma_min: positiveKey(0.001, "smallest variance of a step"),
  gamma_max: positiveKey(0.2, "largest variance of a step"),
  gamma_space: oneOf(
    ["linspace", "geomspace"],
    "linspace",
    "how variances change from the smallest to the largest",
  ),
  symmetric_gamma: flag(
    false,
    "the second half of the schedule mirrors the first (num_steps even)",
  ),
};

/** Options of pairs and of the paths between them. */
export const pairing = {
  first_coupling: oneOf(
    ["ref", "ind"],
    "ref",
    "first pairs: from the reference process (IPF), or independent (IMF)",
  ),
  first_pass: orNull(
    z.number().int().min(0),
    "half-iterations that train on the pairs of first_coupling; null is the first iteration for ind, 1 for ref, 0 with precondition=mixture",
    1,
  ),
  ot_sampler: orNull(
    z.enum(["exact", "sinkhorn"]),
    "minibatch OT of independent pairs; rows with the same condition, if there is a condition",
  ),
  ot_rows: orNull(
    z.number().int().min(1),
    "samples of each dataset in an OT plan, a multiple of batch_size; null: one batch",
    2048,
  ),
  interpolant: oneOf(
    ["straight", "metric", "spline"],
    "straight",
    "mean paths of pairs: straight lines, curves that follow the data (metric), or splines through three datasets or more",
  ),
  path_metric: orNull(
    z.enum(["land", "rbf"]),
    "interpolant=metric: LAND, or RBF with 150 kernels; null: land up to 10 columns, then rbf",
  ),
  path_potential: orNull(
    positive(),
    "interpolant=spline: strength of potentials that pull paths to rows (OTP-FM); null: paths pass through rows",
    300,
  ),
  path_noise: orNull(
    z.number().nonnegative(),
    "flows, sf2m and growth: deviation of the noise around mean paths in training; null: in time courses and with growth the distance of neighbouring rows by coordinate, else 0",
    0.1,
  ),
  match_moments: flag(
    false,
    "correct mean and standard deviation of simulated samples to the data's, by coordinate or image channel",
  ),
};

/** Options of conditions and classes. */
export const conditioning = {
  match_conditions: orNull(
    z.boolean(),
    "independent pairs share condition and class; null: only with data.condition",
    true,
  ),
  condition_dropout: fraction(
    0,
    "share of training rows without condition or class; dsbm sample then takes guidance=",
  ),
};

/** Options of masses, growth and death. */
export const growth = {
  mass: orNull(
    z.union([
      z.array(z.number().positive()).min(2),
      z
        .string()
        .min(1)
        .meta({ examples: ["n_cells"] }),
    ]),
    "mass of each dataset in order, such as cell counts, or a column to sum; null: sums of weights, else from birth and death, else equal",
    [1, 2],
  ),
  weights: file("tables: the column of sampling weights", "weight"),
  birth: file("wfr, wfr_bridge: the column of known birth rates, per unit of time", "birth_rate"),
  death: file("wfr, wfr_bridge: the column of known death rates", "death_rate"),
  delta: orNull(
    positive(),
    "wfr, wfr_bridge: rows farther apart than pi*delta die and are born instead of moving; null: growth is estimated first, with the length that halves of the rows agree on",
    1,
  ),
  growth_coupling: oneOf(
    ["wfr", "vgfm"],
    "wfr",
    "wfr, wfr_bridge: penalise growth of both datasets (wfr), or of the source only (vgfm, with ot_penalty)",
  ),
  ot_penalty: positiveKey(
    1,
    "growth_coupling=vgfm: penalty of changed mass at the source, in units of the median squared distance",
  ),
  mass_penalty: orNull(
    positive(),
    "lightsb: penalty of changed mass, in units of x^2; null: mass is conserved",
    1,
  ),
};

/** Options of single methods. */
export const singleMethods = {
  mixture_components: key(
    count().max(10_000),
    50,
    "lightsb, lightsb_m: number of Gaussians in the mixture",
  ),
  mixture_spread: positiveKey(
    0.1,
    "lightsb, lightsb_m: initial variance of each Gaussian, in units of sigma^2",
  ),
  langevin_scale: orNull(
    z.union([positive(), z.string().min(1)]),
    "divisor of the increment that dsb predicts; null is 2 * sqrt(gamma)",
    1,
  ),
  var_final_gamma_scale: flag(
    false,
    "dsb: scale the noise by var_final, instead of the first drift",
  ),
  shortcut: flag(
    false,
    "flows: the network takes the length of a step, and learns to sample in one to four steps (shortcut models)",
  ),
  teacher: file(
    "few_steps: the run whose samples it learns to draw in few steps (see dsbm distill)",
    "experiments/moons/run/42",
  ),
};

/** All options of methods and of their processes, pairs, conditions and masses. */
export const methodOptions = {
  ...method,
  ...reference,
  ...pairing,
  ...conditioning,
  ...growth,
  ...singleMethods,
};

import { z } from "zod";
import {
  count,
  file,
  flag,
  fraction,
  key,
  named,
  oneOf,
  orNull,
  positive,
  sized,
} from "../schema/kinds.js";

/** Options that name columns for masses (mass may be numbers instead). */
export const massKeys = ["weights", "mass", "birth", "death"] as const;

/** Options that give the masses of datasets. */
export type MassKey = (typeof massKeys)[number];

export const method = {
  method: named(
    "dsbm",
    "method; dsbm train takes the name of a preset (method=…) or of a method, which is then set here",
    ["dsbm"],
  ),
  fb_sequence: orNull(
    z.array(z.enum(["b", "f"])).min(1),
    "directions of the half-iterations, repeated; null is [b,f], and [b] for methods with one network for both",
    ["b", "f"],
  ),
  sde: oneOf(["ve", "vp"], "ve", "reference process: Brownian motion or Ornstein-Uhlenbeck"),
  first_coupling: oneOf(
    ["ref", "ind"],
    "ref",
    "pairs of the first pass: reference process (IPF) or independent (IMF)",
  ),
  first_pass: orNull(
    z.number().int().min(0),
    "half-iterations that train on the pairs of first_coupling; null is the first iteration for ind, 1 for ref, 0 with precondition=mixture",
    1,
  ),
  match_conditions: orNull(
    z.boolean(),
    "independent pairs share condition and class exactly; null is false, with data.condition true",
    true,
  ),
  sigma: orNull(
    positive(),
    "standard deviation of the reference process at time 1, in equal steps; null: gamma_min to gamma_max",
    1,
  ),
  gamma_min: sized(0.001, "smallest variance of a step"),
  gamma_max: sized(0.2, "largest variance of a step"),
  gamma_space: oneOf(
    ["linspace", "geomspace"],
    "linspace",
    "how variances change from the smallest to the largest",
  ),
  symmetric_gamma: flag(false, "half of the schedule, then its mirror image (num_steps even)"),
  mean_match: flag(false, "the network predicts the endpoint instead of the drift"),
  loss_scale: key(
    z.union([z.boolean(), z.number().nonnegative(), z.string().min(1)]),
    true,
    "weight the loss by the marginal's standard deviation; for dsb also a number or an expression of gamma",
  ),
  std_trick: flag(false, "divide the network's output by the marginal's standard deviation"),
  precondition: key(
    z.union([z.boolean(), z.enum(["mixture"])]),
    false,
    "networks learn the difference from a known drift: of the bridge between Gaussians of the data's moments (true), or of LightSB's mixture, which is fitted first",
  ),
  ot_sampler: orNull(
    z.enum(["exact", "sinkhorn"]),
    "minibatch OT of independent pairs, among rows with the same condition if pairs share it",
  ),
  ot_rows: orNull(
    z.number().int().min(1),
    "samples of each dataset in an OT batch, in whole batches; null is one batch",
    2048,
  ),
  ot_penalty: sized(
    1,
    "growth_coupling=vgfm: price of dropped or added mass at the source, in units of the median squared distance",
  ),
  interpolant: oneOf(
    ["straight", "metric", "spline"],
    "straight",
    "mean paths of pairs: straight lines, lines that bend to where data are, or smooth splines through three datasets or more",
  ),
  path_metric: orNull(
    z.enum(["land", "rbf"]),
    "interpolant=metric: its metric; null is land (all rows, coordinate by coordinate) up to 10 columns, else rbf (150 kernels)",
  ),
  match_moments: flag(
    false,
    "give simulated samples the mean and standard deviation of the data, for each coordinate of vectors or channel of images",
  ),
  condition_dropout: fraction(
    0,
    "share of training rows without condition or class, so that dsbm sample takes guidance=",
  ),
  langevin_scale: orNull(
    z.union([positive(), z.string().min(1)]),
    "divisor of the increment that dsb predicts; null is 2 * sqrt(gamma)",
    1,
  ),
  delta: orNull(
    positive(),
    "wfr, wfr_bridge: rows farther apart than pi*delta die and are born instead of moving; null is the smallest length that is 1.5 times as far as its plan moves rows",
    1,
  ),
  growth_coupling: oneOf(
    ["wfr", "vgfm"],
    "wfr",
    "wfr, wfr_bridge: plans that penalise growth of source and target, or of the source alone (VGFM, with ot_penalty)",
  ),
  mass: orNull(
    z.union([
      z.array(z.number().positive()).min(2),
      z
        .string()
        .min(1)
        .meta({ examples: ["n_cells"] }),
    ]),
    "total mass of each dataset in the order of times, such as cell counts, or a column of tables that is summed; null: the sums of weights, else what birth and death say, else equal masses",
    [1, 2],
  ),
  weights: file("tables: the column of weights by which rows are drawn", "weight"),
  birth: file(
    "wfr, wfr_bridge: the column of rates at which rows divide, per unit of time, known before",
    "birth_rate",
  ),
  death: file("wfr, wfr_bridge: the column of rates at which rows die", "death_rate"),
  mass_penalty: orNull(
    positive(),
    "lightsb: price of mass that grows or dies, in units of x^2; null: mass stays",
    1,
  ),
  mixture_components: key(count().max(10_000), 50, "lightsb, lightsb_m: Gaussians of the mixture"),
  mixture_spread: sized(0.1, "lightsb, lightsb_m: their initial variances, in units of sigma^2"),
  var_final_gamma_scale: flag(
    false,
    "dsb: scale the noise by var_final instead of the drift of the first pass",
  ),
};

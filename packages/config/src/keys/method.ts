// Why: what a method is, as facts (Shi 2023; De Bortoli 2021 for dsb): the presets of conf/method
// set these keys, and the trainer reads them instead of the method's name.

import { z } from "zod";
import { count, positive } from "../schema/kinds.js";

export const method = {
  method: z
    .string()
    .min(1)
    .default("dsbm")
    .meta({
      description: "method of the registry; on the command line of train, the name of a preset",
      examples: ["dsbm"],
    }),
  fb_sequence: z
    .array(z.enum(["b", "f"]))
    .min(1)
    .nullable()
    .default(null)
    .meta({
      description:
        "directions of the half-iterations, repeated; null is [b,f], and [b] for rectifiedflow and sbcfm",
      examples: [["b", "f"]],
    }),
  sde: z.enum(["ve", "vp"]).default("ve").describe("reference process: Brownian or OU"),
  first_coupling: z
    .enum(["ref", "ind"])
    .default("ref")
    .describe("pairs of the first pass: reference process (IPF) or independent (IMF)"),
  first_pass: count()
    .nullable()
    .default(null)
    .meta({
      description:
        "half-iterations that train on the pairs of first_coupling; null is all of the first iteration for ind, 1 for ref",
      examples: [1],
    }),
  sigma: positive()
    .nullable()
    .default(null)
    .meta({
      description:
        "standard deviation of the reference process at time 1, in steps of equal variance; null: gamma_min to gamma_max",
      examples: [1],
    }),
  match_conditions: z
    .boolean()
    .nullable()
    .default(null)
    .meta({
      description:
        "independent pairs of data share their condition and class, bit by bit; null is false",
      examples: [true],
    }),
  gamma_min: positive().default(0.001).describe("smallest variance of a step"),
  gamma_max: positive().default(0.2).describe("largest variance of a step"),
  gamma_space: z
    .enum(["linspace", "geomspace"])
    .default("linspace")
    .describe("how the variances go from the smallest to the largest"),
  symmetric_gamma: z
    .boolean()
    .default(false)
    .describe("half of the schedule, then its mirror image (num_steps even)"),
  mean_match: z
    .boolean()
    .default(false)
    .describe("the network predicts the other end instead of the drift"),
  loss_scale: z
    .union([z.boolean(), z.number().nonnegative(), z.string().min(1)])
    .default(true)
    .meta({
      description:
        "weight the loss by the marginal's standard deviation; for dsb also a number or an expression of gamma",
    }),
  std_trick: z
    .boolean()
    .default(false)
    .describe("divide the network's output by the marginal's standard deviation"),
  ot_sampler: z
    .enum(["exact", "sinkhorn"])
    .nullable()
    .default(null)
    .describe("optimal transport within batches of independent pairs"),
  langevin_scale: z
    .union([positive(), z.string().min(1)])
    .nullable()
    .default(null)
    .meta({
      description: "divides the increment that dsb predicts; null is 2 * sqrt(gamma)",
      examples: [1],
    }),
  var_final_gamma_scale: z
    .boolean()
    .default(false)
    .describe("dsb: scale the noise by var_final instead of the drift of the first pass"),
};

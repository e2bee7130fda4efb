// Why: the keys of the Gaussian benchmark, under the reference's names, with their defaults; what
// a run was asked for is decided here and nowhere else.

import { z } from "zod";
import { freeProcessKeys, processes, training } from "../keys/training.js";
import type { Experiment } from "../resolve.js";
import { count, positive } from "../schema/kinds.js";

export const gaussianSchema = z.strictObject({
  model_name: z
    .enum(["dsbm", "dsb", "rectifiedflow", "sbcfm"])
    .default("dsbm")
    .describe("method: diffusion Schrödinger bridge matching, its predecessor, or a flow"),
  first_coupling: z
    .enum(["ref", "ind"])
    .default("ref")
    .describe("pairs of the first pass: reference process (IPF) or independent (IMF)"),
  fb_sequence: z
    .array(z.enum(["b", "f"]))
    .min(1)
    .default(["b", "f"])
    .describe("directions trained in turn; [b] alone is IMF-b"),
  net_name: z
    .enum(["mlp_large", "mlp_small"])
    .default("mlp_large")
    .describe("network: hidden widths 256, 256 or 128, 128"),
  dim: count().default(5).describe("dimensions of the two Gaussians"),
  a: z.number().default(0.1).describe("the means are -a and a in every coordinate"),
  sigma: positive().default(1).describe("the reference process has variance sigma^2 at time 1"),
  num_steps: count().default(20).describe("steps of the sampler, in training and evaluation"),
  test_num_steps: count().default(100).describe("steps of the second, finer evaluation"),
  inner_iters: count().default(10_000).describe("training steps of a half-iteration"),
  outer_iters: count().default(40).describe("half-iterations"),
  batch_size: count().default(128).describe("pairs in a training step"),
  lr: positive().default(1e-4).describe("learning rate"),
  lr_schedule: training.lr_schedule,
  optimizer: z.enum(["Adam", "AdamW"]).default("Adam").describe("optimiser"),
  weight_decay: z.number().nonnegative().default(0).describe("weight decay"),
  grad_clip: positive()
    .nullable()
    .default(null)
    .meta({ description: "largest global norm of the gradient", examples: [1] }),
  // The reference has none; the last iterate's noise is most of the error in the mean.
  ema_rate: z
    .number()
    .gt(0)
    .lt(1)
    .nullable()
    .default(0.999)
    .meta({
      description:
        "decay of the averaged weights that sample (with warm-up, anew in each half-iteration); null is none",
      examples: [0.999],
    }),
  eps: z
    .number()
    .nonnegative()
    .lt(0.5)
    .nullable()
    .default(null)
    .meta({
      description: "times are drawn from [eps, 1-eps]; null is 1e-3, for rectifiedflow 0",
      examples: [1e-3],
    }),
  coupling: z
    .enum(["exact", "sinkhorn"])
    .nullable()
    .default(null)
    .meta({ description: "optimal transport within batches of independent pairs" }),
  n_train: count().default(10_000).describe("training pairs"),
  n_test: z.int().min(2).default(10_000).describe("test points"),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(42)
    .describe("seed of data, weights and training"),
  threads: z
    .union([z.literal("auto"), count()])
    .default("auto")
    .describe("processor threads; auto measures at the start"),
  device: z
    .string()
    .regex(/^(cpu|cuda(:\d+)?)$/)
    .default("cpu")
    .meta({ description: "where tensors live", examples: ["cpu", "cuda", "cuda:1"] }),
  ...processes,
  log_every: count().default(100).describe("training steps between two lines of metrics"),
  experiments_dir: z.string().min(1).default("experiments").describe("folder of all runs"),
});

export type GaussianConfig = z.output<typeof gaussianSchema>;

/** The margin eps of the training times: the key, or the method's own where it is null. */
export function gaussianEps({ eps, model_name }: Pick<GaussianConfig, "eps" | "model_name">) {
  return eps ?? (model_name === "rectifiedflow" ? 0 : 1e-3);
}

function checkGaussian(config: GaussianConfig): string[] {
  const { model_name, first_coupling, coupling, batch_size, n_train, n_test, dim, eps } = config;
  const problems: string[] = [];
  if (config.nproc > batch_size && config.share_batch !== false)
    problems.push(
      `nproc=${config.nproc} is more than the ${batch_size} pairs of a batch (batch_size=${batch_size}): write nproc=${batch_size} or less, a larger batch_size, or share_batch=false`,
    );
  if (batch_size > n_train) {
    problems.push(
      `batch_size=${batch_size} is more than n_train=${n_train}, which leaves no full batch: ` +
        `write batch_size=${n_train} or less`,
    );
  }
  if (n_test <= dim) {
    problems.push(
      `n_test=${n_test} is too few for the covariance of dim=${dim}: write n_test=${dim + 1} or more`,
    );
  }
  if (eps === 0 && (model_name === "dsbm" || model_name === "sbcfm")) {
    problems.push(
      `eps=0 makes the target of ${model_name} infinite: write eps=1e-3 or leave it out`,
    );
  }
  if (coupling !== null && (model_name === "dsb" || model_name === "sbcfm")) {
    problems.push(
      `coupling=${coupling} does not apply: ${model_name} makes its own pairs; leave it out`,
    );
  }
  if (coupling !== null && model_name === "dsbm" && first_coupling !== "ind") {
    problems.push(
      `coupling=${coupling} pairs independent points, but first_coupling=${first_coupling} has none: ` +
        "write first_coupling=ind",
    );
  }
  return problems;
}

/** The Gaussian benchmark (Shi et al. 2023, section 6). */
export const gaussian: Experiment<typeof gaussianSchema> = {
  name: "gaussian",
  about: "Schrödinger bridge between two Gaussians, where the exact one is known",
  schema: gaussianSchema,
  check: checkGaussian,
  unnamed: freeProcessKeys,
  launched: true,
};

// Why: the keys that every image run has, whatever its method, data and network: how long and how
// fast it trains, what it caches, draws, saves, and where.

import { z } from "zod";
import { count, file, follows, lrSchedule, positive } from "../schema/kinds.js";
import { processes } from "./processes.js";

const training = {
  n_ipf: count().default(50).describe("iterations, each of a backward and a forward pass"),
  half_iterations: follows("half-iterations in all; null is n_ipf * fb_sequence.length", 40),
  num_iter: count().default(500_000).describe("training steps of a half-iteration"),
  first_num_iter: follows("training steps of the first iteration's; null is num_iter", 100_000),
  num_steps: count().default(30).describe("steps of the sampler and of the schedule"),
  test_num_steps: z
    .union([count(), z.array(count()).min(1)])
    .nullable()
    .default(null)
    .meta({
      description: "steps of the sampler in evaluations, one number or several; null is num_steps",
      examples: [30],
    }),
  eps: z
    .number()
    .nonnegative()
    .lt(0.5)
    .nullable()
    .default(1e-4)
    .meta({
      description: "times are drawn from [eps, 1-eps]; null is the method's own eps",
      examples: [1e-4],
    }),
  time_sampling: z.enum(["schedule", "mixed"]).nullable().default(null).meta({
    description:
      "spread of these times (not of method=dsb): schedule has as many in each of its steps, mixed half of them so; null is uniform",
  }),
  step_variance: z
    .enum(["process", "bridge"])
    .default("process")
    .describe(
      "noise of a sampler's step along a drift (not of flows and method=dsb): that of the process (Euler-Maruyama), or that of the bridge to where the drift leads, exact in longer steps",
    ),
  batch_size: count().default(128).describe("rows of a training step"),
  num_repeat_data: count()
    .default(1)
    .describe("times that a pair stands in a batch, each with fresh time and noise"),
  optimizer: z.enum(["Adam", "AdamW"]).default("Adam").describe("optimiser"),
  lr: positive().default(1e-4).describe("learning rate"),
  lr_schedule: lrSchedule(),
  weight_decay: z.number().nonnegative().default(0).describe("weight decay"),
  loss_reduction: z
    .enum(["mean", "sum"])
    .default("mean")
    .describe("squared error: mean over all elements, or summed over a sample's dimensions"),
  grad_clipping: z.boolean().default(true).describe("false: no clipping, whatever grad_clip is"),
  grad_clip: positive()
    .nullable()
    .default(1)
    .describe("largest global norm of the gradient; null: no clipping"),
  ema: z.boolean().default(true).describe("sample with averaged weights"),
  ema_rate: z
    .number()
    .gt(0)
    .lt(1)
    .nullable()
    .default(0.999)
    .meta({ description: "decay of the averaged weights; null: none", examples: [0.999] }),
  ema_warmup: z
    .boolean()
    .default(false)
    .describe("the average starts anew, with a warm-up, in each half-iteration"),
  use_prev_net: z
    .boolean()
    .default(true)
    .describe("go on from the weights and the optimiser of the iteration before"),
  keep_optimizer: z
    .union([z.boolean(), z.literal("method")])
    .nullable()
    .default(null)
    .meta({
      description:
        "whether the optimiser goes on too: true, false, or as the method says; null is use_prev_net",
      examples: ["method"],
    }),
};

const cache = {
  cache: z
    .enum(["disk", "epoch"])
    .default("disk")
    .describe(
      "simulated pairs are kept on disk for cache_refresh_stride steps, or made anew for every epoch, in memory",
    ),
  last_noise: z
    .boolean()
    .default(false)
    .describe("training pairs are simulated with the noise of the last step"),
  cache_npar: follows(
    "pairs of a cache; null is batch_size * cache_refresh_stride / num_repeat_data",
    10_000,
  ),
  cache_batch_size: count().default(1250).describe("pairs simulated at once; bounds the memory"),
  cache_refresh_stride: follows("training steps between two caches; null is num_iter", 1000),
  cache_num_steps: follows("steps of the sampler that fills the cache; null is num_steps", 30),
  normalize_x1: z
    .boolean()
    .default(false)
    .describe("standardise simulated x1 per pixel over the cache (transfer=false only)"),
};

const evaluation = {
  test_npar: count()
    .nullable()
    .default(10_000)
    .describe("samples of an evaluation; null is all there are to test, or 10000"),
  test_batch_size: count().default(1000).describe("samples simulated at once in an evaluation"),
  gif_stride: follows("training steps between evaluations; null is num_iter", 5000),
  plot_level: z
    .int()
    .min(0)
    .max(3)
    .default(2)
    .describe("pictures: 0 none, 1 end points, 2 and paths, 3 and those of training pairs"),
  plot_npar: count().default(100).describe("images in a grid"),
  plot_npar_path: count().default(16).describe("images whose paths are drawn"),
  gif: z.boolean().default(true).describe("animate the paths (plot_level 2 and 3)"),
  metrics: z.strictObject({
    inception: file(
      "the published TorchScript file of Inception-v3, for the FID; null: no FID",
      "inception-2015-12-05.pt",
    ),
    judge: z
      .boolean()
      .default(true)
      .describe("train a small classifier on labelled data to judge outputs (fid_lenet, shares)"),
    fid_statistics: file(
      "statistics (mu, sigma) of real images to take the FID at Dataset from; null: of its training images",
      "cifar10_fid_stats.npz",
    ),
    spectrum: z
      .boolean()
      .default(false)
      .describe("energy by wavenumber and its error in each octave (fields)"),
  }),
};

const checkpoints = {
  autostart_next_it: z
    .boolean()
    .default(false)
    .describe("start the half-iteration after the saved one instead of finishing that one"),
  checkpoint_run: z.boolean().default(false).describe("start from the files named below"),
  checkpoint_dir: file(
    "folder of the backward direction's files, unless they are named: net_b.ckpt, sample_net_b.ckpt, optimizer_b.ckpt",
    "checkpoints",
  ),
  checkpoint_it: count().default(1).describe("iteration to start in"),
  checkpoint_pass: z.enum(["b", "f"]).default("b").describe("direction to start with"),
  checkpoint_iter: z.int().min(0).default(0).describe("training steps that are done already"),
  checkpoint_f: file("weights of the forward network", "net_f.ckpt"),
  checkpoint_b: file("weights of the backward network", "net_b.ckpt"),
  sample_checkpoint_f: file("averaged weights of the forward network", "sample_net_f.ckpt"),
  sample_checkpoint_b: file("averaged weights of the backward network", "sample_net_b.ckpt"),
  optimizer_checkpoint_f: file("state of the forward optimiser", "optimizer_f.ckpt"),
  optimizer_checkpoint_b: file("state of the backward optimiser", "optimizer_b.ckpt"),
  checkpoint_stride: follows("training steps between checkpoints; null is gif_stride", 1000),
  checkpoint_minutes: positive()
    .nullable()
    .default(10)
    .describe("save also when the last checkpoint is so many minutes old; null: never"),
  keep_last: count().default(3).describe("newest checkpoints that are kept"),
  keep_every: follows("keep each so-manyth checkpoint for good; null: none", 10),
};

const machine = {
  name: z.string().min(1).default("mnist_transfer").describe("folder of the experiment's runs"),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(42)
    .describe("seed of data, weights and training"),
  LOGGER: z
    .enum(["Wandb", "TensorBoard", "CSV", "JSONL", "NONE"])
    .default("CSV")
    .describe(
      "where metrics go beside metrics.jsonl; Wandb is TensorBoard's files, to be synchronised",
    ),
  wandb_id: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .meta({ description: "run of Weights & Biases to add the metrics to", examples: ["3k2f9x1a"] }),
  log_every: count().default(10).describe("training steps between two lines of metrics"),
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
  paths: z.strictObject({
    data_dir_name: z.string().min(1).default("data").describe("folder of the data files"),
    experiments_dir_name: z
      .string()
      .min(1)
      .default("experiments")
      .describe("folder of all runs; experiments_dir is the same key"),
  }),
};

export const common = { ...machine, ...training, ...cache, ...evaluation, ...checkpoints };

import { z } from "zod";
import {
  countKey,
  countOrNull,
  device,
  file,
  flag,
  key,
  nameKey,
  oneOf,
  orNull,
  positive,
  positiveKey,
  seed,
  stepCount,
  threads,
} from "../schema/kinds.js";

/** Options of the steps of training: their number, times and batches. */
export const training = {
  n_ipf: countKey(50, "iterations, each of a backward and a forward pass"),
  half_iterations: countOrNull("half-iterations in all; null is n_ipf * fb_sequence.length", 40),
  num_iter: countKey(500_000, "training steps of a half-iteration"),
  first_num_iter: countOrNull(
    "training steps of each half-iteration in the first iteration; null is num_iter",
    100_000,
  ),
  num_steps: key(stepCount(), 30, "steps of the sampler and of the schedule"),
  test_num_steps: orNull(
    z.union([stepCount(), z.array(stepCount().nullable()).min(1)]),
    "steps of the sampler in evaluations, one number or a list; null is num_steps",
    30,
  ),
  eps: key(
    z.number().nonnegative().lt(0.5).nullable(),
    1e-4,
    "times are drawn from [eps, 1-eps]; null is the method's own eps",
  ),
  time_sampling: orNull(
    z.enum(["schedule", "mixed"]),
    "distribution of training times: equally many in each step of the schedule, or half of them (mixed); null: uniform",
  ),
  step_variance: oneOf(
    ["process", "bridge", "analytic"],
    "process",
    "noise of a sampler's step: as the process (Euler-Maruyama), as the bridge to the predicted endpoint, or analytic (measured)",
  ),
  batch_size: countKey(128, "rows of a training step"),
  dtype: oneOf(
    ["float32", "bfloat16"],
    "float32",
    "precision of matrix products and convolutions of a training step; weights stay float32",
  ),
  simulate_dtype: oneOf(
    ["float32", "bfloat16"],
    "float32",
    "precision of simulated pairs and evaluations; state and noise stay float32",
  ),
  num_repeat_data: countKey(1, "copies of a pair in a batch, each with its own time and noise"),
};

/** Options of the optimiser: learning rate, loss and averages. */
export const optimiser = {
  optimizer: oneOf(["Adam", "AdamW"], "Adam", "optimiser"),
  lr: positiveKey(1e-4, "learning rate"),
  lr_schedule: orNull(
    z.enum(["cosine"]),
    "decay of the learning rate to 0 in each half-iteration; null: constant",
    "cosine",
  ),
  lr_warmup: countOrNull(
    "warm-up steps of the learning rate in each half-iteration; null: none",
    500,
  ),
  weight_decay: key(z.number().nonnegative(), 0, "weight decay"),
  loss_reduction: oneOf(
    ["mean", "sum"],
    "mean",
    "squared error: mean over all elements, or summed over a sample's dimensions",
  ),
  grad_clipping: flag(true, "use grad_clip; false: no clipping"),
  grad_clip: key(
    positive().nullable(),
    1,
    "largest global norm of the gradient; null: no clipping",
  ),
  ema: flag(true, "sample with averaged weights"),
  ema_rate: key(
    z.number().gt(0).lt(1).nullable(),
    0.999,
    "decay of the averaged weights; null: none",
  ),
  ema_warmup: flag(false, "the average restarts, with a warm-up, in each half-iteration"),
  use_prev_net: flag(true, "continue from the network and the optimiser of the iteration before"),
  keep_optimizer: orNull(
    z.union([z.boolean(), z.literal("method")]),
    "the optimiser also continues; method: as usual for the method; null: as use_prev_net",
    "method",
  ),
};

/** Options of simulated training pairs. */
export const cache = {
  cache: oneOf(
    ["disk", "epoch"],
    "disk",
    "simulated pairs are on disk for cache_refresh_stride steps, or in memory for one epoch",
  ),
  last_noise: flag(false, "simulate training pairs with the noise of the last step"),
  cache_npar: countOrNull(
    "pairs of a cache; null is batch_size * cache_refresh_stride / num_repeat_data",
    10_000,
  ),
  cache_batch_size: countKey(1250, "pairs simulated together; bounds the memory"),
  cache_refresh_stride: countOrNull("training steps between two caches; null is num_iter", 1000),
  cache_num_steps: orNull(
    stepCount(),
    "steps of the sampler for training pairs; null is num_steps",
    30,
  ),
  online_cache: flag(
    false,
    "alpha_dsbm: take rows from these caches instead of new rows in every step (cache=disk)",
  ),
  normalize_x1: flag(false, "standardise simulated x1 per pixel over the cache (transfer=false)"),
};

/** Options of evaluations during training. */
export const evaluation = {
  test_npar: key(
    z.int().min(2).nullable(),
    10_000,
    "samples of an evaluation; null is data.n_test, or 10000",
  ),
  test_batch_size: countKey(1000, "samples simulated together in an evaluation"),
  gif_stride: countOrNull("training steps between evaluations; null is num_iter", 5000),
  plot_level: key(
    z.int().min(0).max(3),
    2,
    "images of evaluations: 0 none, 1 endpoints, 2 also paths, 3 also vectors of all half-iterations",
  ),
  plot_npar: countKey(100, "images in a grid"),
  plot_npar_path: countKey(16, "images whose paths are drawn"),
  gif: flag(true, "animate the paths (plot_level 2 and 3)"),
  metrics: z.strictObject({
    inception: file(
      "TorchScript file of Inception-v3, for FID and KID; its code runs; null: neither",
      "inception-2015-12-05.pt",
    ),
    judge: flag(true, "train a small classifier on labelled data, for fid_lenet and class shares"),
    fid_statistics: file(
      "statistics (mu, sigma) of real images for the FID at Dataset; null: of its training images",
      "cifar10_fid_stats.npz",
    ),
    spectrum: flag(false, "energy by wavenumber and its error in each octave (fields)"),
  }),
};

/** Options of checkpoints, and of the state that a training starts from. */
export const checkpoints = {
  autostart_next_it: flag(
    false,
    "start the next half-iteration instead of finishing the saved one",
  ),
  checkpoint_run: flag(false, "start from the files named below"),
  checkpoint_it: countKey(1, "iteration to start in"),
  checkpoint_pass: oneOf(["b", "f"], "b", "direction to start with"),
  checkpoint_iter: key(z.int().min(0), 0, "finished training steps of this half-iteration"),
  checkpoint_f: file("weights of the forward network", "net_f.ckpt"),
  checkpoint_b: file("weights of the backward network", "net_b.ckpt"),
  sample_checkpoint_f: file("averaged weights of the forward network", "sample_net_f.ckpt"),
  sample_checkpoint_b: file("averaged weights of the backward network", "sample_net_b.ckpt"),
  optimizer_checkpoint_f: file("state of the forward optimiser", "optimizer_f.ckpt"),
  optimizer_checkpoint_b: file("state of the backward optimiser", "optimizer_b.ckpt"),
  checkpoint_stride: countOrNull("training steps between checkpoints; null is gif_stride", 1000),
  checkpoint_minutes: key(
    positive().nullable(),
    10,
    "maximum minutes between checkpoints; null: no limit",
  ),
  keep_last: countKey(3, "number of newest checkpoints to keep"),
};

const processes = {
  nproc: countKey(1, "processes on this machine that train together and share each batch"),
  share_batch: key(
    z.union([z.literal("auto"), z.boolean()]),
    "auto",
    "processes share each batch (true) or only simulations (false); auto: what is faster",
  ),
  accumulate: countKey(
    1,
    "parts of a step that a process computes one after the other, for less memory",
  ),
  dist_timeout: positiveKey(600, "seconds that a process waits for the others"),
};

/** Options of the machine: seed, folders, loggers, threads and devices. */
export const machine = {
  name: nameKey("mnist_transfer", "folder of the experiment's runs"),
  seed: seed("seed of data, weights and training"),
  LOGGER: oneOf(
    ["Wandb", "TensorBoard", "CSV", "JSONL", "NONE"],
    "CSV",
    "metrics in addition to metrics.jsonl; Wandb writes TensorBoard files for wandb sync",
  ),
  wandb_id: file("run of Weights & Biases that receives the metrics", "3k2f9x1a"),
  log_every: countKey(10, "training steps between two lines of metrics"),
  threads: threads("processor threads; auto: by the work of a step"),
  device: device(),
  ...processes,
  paths: z.strictObject({
    data_dir_name: nameKey("data", "folder of the data files"),
    experiments_dir_name: nameKey("experiments", "folder of all runs; also experiments_dir"),
  }),
};

/** Options of processes, threads and devices. */
export type ProcessesConfig = z.output<z.ZodObject<typeof processes>>;

/** Process keys that change no result: they name no folder, and may differ when a run resumes. */
export const freeProcessKeys = ["nproc", "share_batch", "accumulate", "dist_timeout"] as const;

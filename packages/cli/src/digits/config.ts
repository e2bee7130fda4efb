// The keys of the main job: the image trainer's names where it has them, numbers that two cores carry in a
// few minutes.
import { defaultsOf, type Experiment } from "@dsbm/config";
import { z } from "zod";

const count = () => z.int().min(1);
const digit = () => z.int().min(0).max(9);
const positive = () => z.number().positive();

export const startSchema = z.strictObject({
  source: digit().default(2).describe("digit at time 0"),
  target: digit().default(3).describe("digit at time 1"),
  components: count().max(784).default(64).describe("principal components that make the space"),
  // After 3,000 steps, 0.5, 0.7 and 1 gave shares of 0.96, 0.95, 0.95 at displacements of 67, 72 and 79.
  sigma: positive()
    .default(0.5)
    .describe("noise of the reference process; 1 is the spread of the data along a coordinate"),
  num_steps: count().default(30).describe("steps of the sampler, in training and evaluation"),
  n_ipf: count().default(2).describe("iterations, each a backward and a forward half"),
  first_num_iter: count().default(6000).describe("training steps of the first half-iteration"),
  num_iter: count().default(6000).describe("training steps of every other half-iteration"),
  batch_size: count().max(5000).default(128).describe("pairs in a training step"),
  lr: positive().default(1e-3).describe("learning rate"),
  ema_rate: z.number().gt(0).lt(1).default(0.999).describe("decay of the averaged weights"),
  cache_refresh_stride: count()
    .default(500)
    .describe("training steps with the same simulated pairs"),
  hidden: z.array(count()).min(1).default([512, 512]).describe("hidden widths of the network"),
  classifier_epochs: count().default(3).describe("passes of the classifier over MNIST"),
  gaussian_iters: count()
    .default(2000)
    .describe("training steps of a half-iteration of the Gaussian benchmark"),
  gaussian_outer_iters: count().default(4).describe("half-iterations of the Gaussian benchmark"),
  pixel_iters: count()
    .default(250)
    .describe("training steps of a half-iteration of the bridge between pixels (the first two)"),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(42)
    .describe("seed of weights, training and samples"),
  threads: z
    .union([z.literal("auto"), count()])
    .default("auto")
    .describe("processor threads; auto measures at the start"),
  quick: z.boolean().default(false).describe("a few steps of everything, to see that it works"),
  experiments_dir: z.string().min(1).default("experiments").describe("folder of all runs"),
});

export type StartConfig = z.output<typeof startSchema>;

const quickNumbers: Partial<StartConfig> = {
  n_ipf: 1,
  first_num_iter: 60,
  num_iter: 40,
  num_steps: 5,
  hidden: [64, 64],
  classifier_epochs: 1,
  gaussian_iters: 40,
  gaussian_outer_iters: 2,
  pixel_iters: 3,
};

/** With quick=true, the few steps of a trial run in place of every default (what was set stays). */
export function applyQuick(config: StartConfig): StartConfig {
  if (!config.quick) return config;
  const defaults = defaultsOf(startSchema) as Record<string, unknown>;
  const untouched = Object.entries(quickNumbers).filter(
    ([key]) => JSON.stringify(config[key as keyof StartConfig]) === JSON.stringify(defaults[key]),
  );
  return { ...config, ...Object.fromEntries(untouched) };
}

export const startJob: Experiment<typeof startSchema> = {
  name: "start",
  about:
    "the main job: a bridge between handwritten digits, in principal components and in pixels, and a bridge between Gaussians against its exact answer",
  schema: startSchema,
  check: ({ source, target }) =>
    source === target
      ? [`source=${source} and target=${target} are the same digit: write two different ones`]
      : [],
};

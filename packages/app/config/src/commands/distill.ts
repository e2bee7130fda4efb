import { z } from "zod";
import { ConfigError } from "../errors.js";
import type { Experiment } from "../experiment.js";
import { checkTrain } from "../keys/check.js";
import { methodOptions } from "../keys/method.js";
import { type CompleteTrainConfig, completeTrain, trainSchema } from "../keys/train.js";
import { checkpoints } from "../keys/training.js";
import {
  countKey,
  countOrNull,
  device,
  file,
  key,
  orNull,
  positive,
  seed,
  stepCount,
  threads,
} from "../schema/kinds.js";
import { defaultsOf } from "../schema/schema.js";
import { validate } from "../schema/validate.js";

const distillSchema = z.strictObject({
  steps: key(stepCount(64), 4, "steps of the new run, which also samples in the divisors"),
  out: file("folder of the new run; null: RUN-4, with the steps in the name", "run-4"),
  num_iter: countOrNull(
    "training steps of each direction; null: 10000 for vectors, 5000 for images",
    20_000,
  ),
  batch_size: countOrNull("rows of a training step; null: 256 for vectors, as RUN for images", 512),
  lr: orNull(positive(), "learning rate; null: 1e-3 for vectors, as RUN for images", 1e-3),
  seed: seed("seed of weights and training"),
  threads: threads("processor threads; auto: by the work of a step"),
  device: device(),
  log_every: countKey(10, "training steps between two lines of metrics"),
  checkpoint_minutes: key(
    positive().nullable(),
    10,
    "maximum minutes between checkpoints; null: no limit",
  ),
});

/** The resolved configuration of `dsbm distill`. */
export type DistillConfig = z.output<typeof distillSchema>;

/** The command `dsbm distill`. */
export const distill: Experiment<typeof distillSchema> = {
  name: "distill",
  about: "train a run that draws in one to four steps what a trained run draws in many",
  schema: distillSchema,
};

/** A trained run, as far as its configuration does not say it. */
interface TeacherRun {
  folder: string;
  config: CompleteTrainConfig;
  /** Standard deviation of its noise; 0 for a flow. */
  sigma: number;
  /** Directions with weights. */
  directions: readonly ("b" | "f")[];
  /** Whether samples are vectors. */
  isVectors: boolean;
}

/** Simulated pairs of vectors for 1000 steps: a pair is used about 13 times, each time at another time of the bridge. */
const pairsOfVectors = 20_000;

/** Options of a method and of its checkpoints, of which a run of few steps has none of its teacher's. */
const ownKeys = [...Object.keys(methodOptions), ...Object.keys(checkpoints)];

/**
 * The configuration of a run of few steps: data, network and machine of the teacher, and a training of its own.
 * @throws {ConfigError} for a teacher without weights, and for options that the method refuses.
 */
export function distilledConfig(
  { folder, config, sigma, directions, isVectors }: TeacherRun,
  options: DistillConfig,
): CompleteTrainConfig {
  const { steps, out: _, num_iter, batch_size, lr, ...machine } = options;
  if (directions.length === 0)
    throw new ConfigError(`${folder} has no weights yet: train it first`);
  const iterations = num_iter ?? (isVectors ? 10_000 : 5000);
  const defaults = defaultsOf(trainSchema) as Record<string, unknown>;
  const own = Object.fromEntries(ownKeys.map((name) => [name, defaults[name]]));
  const tree = {
    ...config,
    ...own,
    ...machine,
    method: "few_steps",
    teacher: folder,
    weights: config.weights,
    sigma,
    fb_sequence: [...directions],
    first_coupling: "ind",
    loss_scale: false,
    num_steps: steps,
    test_num_steps: divisors(steps),
    cache_num_steps: null,
    n_ipf: 1,
    half_iterations: null,
    num_iter: iterations,
    first_num_iter: null,
    batch_size: batch_size ?? (isVectors ? Math.max(256, config.batch_size) : config.batch_size),
    lr: lr ?? (isVectors ? 1e-3 : config.lr),
    lr_schedule: "cosine",
    step_variance: "process",
    time_sampling: null,
    num_repeat_data: 1,
    gif_stride: null,
    checkpoint_stride: null,
    cache: "disk",
    ...(isVectors && { cache_npar: pairsOfVectors, cache_batch_size: pairsOfVectors }),
    cache_refresh_stride: Math.min(isVectors ? 1000 : config.cache_refresh_stride, iterations),
    online_cache: false,
    normalize_x1: false,
    nproc: 1,
  };
  return completeTrain(validate(trainSchema, tree, checkTrain));
}

/** Divisors of the steps, the largest first. */
const divisors = (steps: number): number[] =>
  Array.from({ length: steps }, (_, k) => steps - k).filter((k) => steps % k === 0);

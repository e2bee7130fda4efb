// Why: several counts follow others unless somebody sets them (null in the configuration, so that
// what was typed stays visible). The trainer needs them all as numbers.

import { readNumbers } from "./kinds.js";
import { CHANNEL_MULT } from "./model.js";
import type { TrainConfig } from "./schema.js";

type Followers =
  | "first_num_iter"
  | "test_num_steps"
  | "cache_npar"
  | "cache_refresh_stride"
  | "cache_num_steps"
  | "gif_stride"
  | "checkpoint_stride";

/** A configuration in which every count that follows another one is a number. */
export type CompleteTrainConfig<C extends TrainConfig = TrainConfig> = Omit<C, Followers> &
  Record<Followers, number>;

/**
 * Fills in the keys that are null because they follow others, cuts batches and pictures to the
 * number of samples that there are, and gives UNET the multipliers of its image size and attention at
 * the sizes that it has. Pure; a complete configuration comes back as it is.
 */
export function completeTrain<C extends TrainConfig>(config: C): CompleteTrainConfig<C> {
  const { num_iter, num_steps, batch_size, num_repeat_data, test_npar, model, data } = config;
  const cache_refresh_stride = config.cache_refresh_stride ?? num_iter;
  const cache_npar =
    config.cache_npar ??
    Math.max(1, Math.floor((batch_size * cache_refresh_stride) / num_repeat_data));
  const gif_stride = config.gif_stride ?? num_iter;
  return {
    ...config,
    first_num_iter: config.first_num_iter ?? num_iter,
    test_num_steps: config.test_num_steps ?? num_steps,
    cache_refresh_stride,
    cache_npar,
    cache_num_steps: config.cache_num_steps ?? num_steps,
    cache_batch_size: Math.min(config.cache_batch_size, cache_npar),
    gif_stride,
    checkpoint_stride: config.checkpoint_stride ?? gif_stride,
    test_batch_size: Math.min(config.test_batch_size, test_npar),
    plot_npar: Math.min(config.plot_npar, test_npar),
    plot_npar_path: Math.min(config.plot_npar_path, test_npar),
    model: completeNetwork(model, data.image_size),
  };
}

/** UNET with the multipliers of its image size, and attention where it has that resolution. */
function completeNetwork(model: TrainConfig["model"], image_size: number): TrainConfig["model"] {
  if (model.name !== "UNET") return model;
  const channel_mult = model.channel_mult ?? CHANNEL_MULT[image_size] ?? null;
  const sizes = readNumbers(channel_mult).map((_, level) => image_size / 2 ** level);
  const attended = readNumbers(model.attention_resolutions).filter((size) => sizes.includes(size));
  return { ...model, channel_mult, attention_resolutions: attended.join() || null };
}

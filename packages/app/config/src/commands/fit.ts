import { z } from "zod";
import type { Experiment } from "../experiment.js";
import { checkTrain } from "../keys/check.js";
import { trainSchema } from "../keys/train.js";
import { file, key, names, positive } from "../schema/kinds.js";
import { checkHoldouts, holdoutAliases, holdoutKeys } from "./evaluate.js";
import { train } from "./train.js";

const fitKeys = {
  max_minutes: key(
    positive().nullable(),
    10,
    "minutes for training, evaluation and report together; null: num_iter steps without a time limit",
  ),
  time: file("a time course in one table: the column of times", "day"),
  time_order: names("with time=: the order of text times", ["day0", "day2"]),
  loo: key(
    z.union([z.boolean(), z.enum(["full"])]),
    true,
    "time courses: test the bridge by a short training without each inner time; full: by a full training; tables of up to 350 rows: judge by 3-fold cross-validation",
  ),
  ...holdoutKeys("held-out samples of an intermediate time, for the evaluation"),
};

/** Keys of `dsbm fit`: all keys of `dsbm train`, and the keys of the choices. */
export const fitSchema = trainSchema.extend(fitKeys);

/** The resolved configuration of `dsbm fit`. */
export type FitConfig = z.output<typeof fitSchema>;

/** The command `dsbm fit`. */
export const fit: Experiment<typeof fitSchema> = {
  ...train,
  name: "fit",
  about:
    "train a Schrödinger bridge between your own datasets, with options chosen from the data, within a time limit",
  schema: fitSchema,
  aliases: { ...train.aliases, ...holdoutAliases },
  // The method is not known before the data are read: the plan says what changes nothing.
  unused: () => ({}),
  check: (config) => [
    ...checkTrain(config),
    // With time=COLUMN the times are unknown until the table is read, which names the column.
    ...(config.time !== null && config.data.split_by === null
      ? []
      : checkHoldouts(config, config.times)),
  ],
  first: [
    "max_minutes",
    "data.columns",
    "data.exclude",
    "data.keep",
    "data.missing",
    "data.split_by",
    "data.condition",
    "time",
    "sigma",
    "seed",
  ],
  chosen: [
    "data.standardise",
    "data.image_size",
    "data.image_width",
    "data.channels",
    "data.range",
    "data.integer",
    "sigma",
    "num_steps",
    "n_ipf",
    "num_iter",
    "first_num_iter",
    "ot_sampler",
    "ot_rows",
    "precondition",
    "step_variance",
    "last_noise",
    "match_moments",
    "batch_size",
    "lr",
    "lr_warmup",
    "ema_rate",
    "online_cache",
    "cache_npar",
    "cache_refresh_stride",
    "cache_batch_size",
    "test_npar",
    "model.name",
    "model.hidden",
    "model.num_channels",
    "model.channel_mult",
    "model.num_res_blocks",
    "model.attention_resolutions",
    "model.dropout",
    "gif_stride",
    "checkpoint_stride",
  ],
  sections: { "time and evaluation": Object.keys(fitKeys), ...train.sections },
  unnamed: [
    ...(train.unnamed ?? []),
    "Dataset",
    "Dataset_between",
    "Dataset_transfer",
    "holdout",
    "at",
    "holdout_at",
    "time_order",
  ],
};

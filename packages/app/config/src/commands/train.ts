import { methodsWith } from "@dsbm/bridge/facts";
import type { Experiment } from "../experiment.js";
import { checkTrain } from "../keys/check.js";
import { networkNames } from "../keys/model.js";
import { takeReferenceKeys, unusedKeys } from "../keys/reference.js";
import { trainSchema, trainSections } from "../keys/train.js";
import { freeProcessKeys } from "../keys/training.js";
import { unusedOptions } from "../keys/unused.js";
import type { Aliases } from "../tree.js";

const aliases: Aliases = {
  experiments_dir: { key: "paths.experiments_dir_name", shown: false },
  log_stride: { key: "log_every", shown: false },
  "execution.dtype": { key: "dtype", shown: false },
  "execution.simulate_dtype": { key: "simulate_dtype", shown: false },
  "data.wavenumber": { key: "wavenumber", shown: false },
};

const methodNames = Object.fromEntries(methodsWith(() => true).map((name) => [name, {}]));

/** Bridges between samples of any kind (Shi 2023, section 6). */
export const train: Experiment<typeof trainSchema> = {
  name: "train",
  about: "train a Schrödinger bridge between two datasets, or between data and noise",
  schema: trainSchema,
  check: checkTrain,
  aliases,
  names: { model: networkNames, method: methodNames },
  take: takeReferenceKeys,
  unused: unusedOptions,
  launched: true,
  sections: trainSections,
  // These keys change no result.
  unnamed: [
    "name",
    "threads",
    "log_every",
    "log_stride",
    "wandb_id",
    "autostart_next_it",
    "checkpoint_minutes",
    "keep_last",
    "paths.data_dir_name",
    "data.dataset",
    "CSV_log_dir",
    ...freeProcessKeys,
    ...unusedKeys,
  ],
};

const mlpWidths = { mlp_large: "256,256", mlp_small: "128,128" };

/** The Gaussian benchmark (Shi 2023, section 6), under the names of its script. */
export const gaussian: Experiment<typeof trainSchema> = {
  ...train,
  name: "gaussian",
  about: "train a Schrödinger bridge between two Gaussians, for which the exact bridge is known",
  aliases: {
    ...aliases,
    model_name: { key: "method", values: { dsb: "dsb_increments" } },
    net_name: { key: "model.hidden", values: mlpWidths },
    activation_fn: "model.activation_fn",
    dim: "data.dim",
    a: "data.a",
    n_train: "data.n_train",
    n_test: "data.n_test",
    inner_iters: "num_iter",
    outer_iters: "half_iterations",
    coupling: "ot_sampler",
    // The script evaluates with num_steps too.
    test_num_steps: {
      key: "test_num_steps",
      value: (steps) => (typeof steps === "number" ? [null, steps] : steps),
    },
  },
  base: {
    name: "gaussian",
    Dataset: "gaussian",
    Dataset_transfer: "gaussian",
    model: { name: "MLP" },
    first_pass: 1,
    loss_reduction: "sum",
    ema_warmup: true,
    keep_optimizer: "method",
    cache: "epoch",
    last_noise: true,
    test_npar: null,
  },
  unnamed: ["threads", "log_every", "log_stride", ...freeProcessKeys, ...unusedKeys],
};

import { realpathSync } from "node:fs";
import { relative, resolve } from "node:path";
import { factsNamed } from "@dsbm/bridge/facts";
import { z } from "zod";
import { ConfigError, withLines } from "../errors.js";
import { readNumbers } from "../schema/kinds.js";
import { defaultsOf } from "../schema/schema.js";
import { validate } from "../schema/validate.js";
import { merge } from "../tree.js";
import { data, dataSections } from "./data.js";
import {
  conditioning,
  growth,
  method,
  methodOptions,
  pairing,
  reference,
  singleMethods,
} from "./method.js";
import { defaultChannelMult, model } from "./model.js";
import { takeReferenceKeys } from "./reference.js";
import { cache, checkpoints, evaluation, machine, optimiser, training } from "./training.js";

/** All keys of a training. */
export const trainSchema = z.strictObject({
  ...methodOptions,
  ...data,
  model,
  ...machine,
  ...training,
  ...optimiser,
  ...cache,
  ...evaluation,
  ...checkpoints,
});

/** The resolved configuration of `dsbm train`. */
export type TrainConfig = z.output<typeof trainSchema>;

/** The sections of --help, each with its keys. */
export const trainSections: Readonly<Record<string, readonly string[]>> = {
  method: Object.keys(method),
  "reference process": Object.keys(reference),
  "pairs and paths": Object.keys(pairing),
  conditions: Object.keys(conditioning),
  "masses and growth": Object.keys(growth),
  "single methods": Object.keys(singleMethods),
  ...dataSections,
  network: ["model"],
  "machine and files": Object.keys(machine),
  training: Object.keys(training),
  optimiser: Object.keys(optimiser),
  "simulated pairs": Object.keys(cache),
  evaluation: Object.keys(evaluation),
  checkpoints: Object.keys(checkpoints),
};

type Counts =
  | "first_num_iter"
  | "half_iterations"
  | "first_pass"
  | "cache_npar"
  | "cache_refresh_stride"
  | "gif_stride"
  | "checkpoint_stride"
  | "test_npar"
  | "cache_num_steps";

interface Completed extends Record<Counts, number> {
  fb_sequence: ("b" | "f")[];
  test_num_steps: number[];
  keep_optimizer: boolean | "method";
}

/** A configuration of a training with every value that the network, dataset and method decide. */
export type CompleteTrainConfig<C extends TrainConfig = TrainConfig> = Omit<C, keyof Completed> &
  Completed;

/**
 * Fills in keys that follow others, cuts batches and images to the number of samples, and gives
 * UNET the multipliers and the attention of its image size. Leaves a complete configuration
 * unchanged.
 */
export function completeTrain<C extends TrainConfig>(config: C): CompleteTrainConfig<C> {
  const { num_steps, batch_size, num_repeat_data, sigma, method, data } = config;
  const { closedForm: isFitted, networks, predicts } = factsNamed(method);
  const num_iter = isFitted ? 1 : config.num_iter;
  const fb_sequence = config.fb_sequence ?? (networks === "each" ? ["b", "f"] : ["b"]);
  const independent = config.first_coupling === "ind" && predicts !== "increment";
  const cache_refresh_stride = config.cache_refresh_stride ?? num_iter;
  const cache_npar =
    config.cache_npar ??
    Math.max(1, Math.floor((batch_size * cache_refresh_stride) / num_repeat_data));
  const gif_stride = config.gif_stride ?? num_iter;
  const test_npar = config.test_npar ?? data.n_test ?? 10_000;
  const gamma = sigma !== null && sigma > 0 && sigma ** 2 / num_steps;
  return {
    ...config,
    ...(config.transfer && data.split_by !== null && groupDatasets(config)),
    fb_sequence,
    num_iter,
    half_iterations: isFitted
      ? fb_sequence.length
      : (config.half_iterations ?? config.n_ipf * fb_sequence.length),
    first_pass:
      config.first_pass ??
      (config.precondition === "mixture" ? 0 : independent ? fb_sequence.length : 1),
    ...(gamma !== false && { gamma_min: gamma, gamma_max: gamma }),
    first_num_iter: isFitted ? 1 : (config.first_num_iter ?? num_iter),
    test_num_steps: [...new Set([config.test_num_steps].flat().map((steps) => steps ?? num_steps))],
    keep_optimizer: config.keep_optimizer ?? config.use_prev_net,
    grad_clip: config.grad_clipping ? config.grad_clip : null,
    ema_rate: config.ema ? config.ema_rate : null,
    cache_refresh_stride,
    cache_npar,
    cache_num_steps: config.cache_num_steps ?? num_steps,
    cache_batch_size: Math.min(config.cache_batch_size, cache_npar),
    gif_stride,
    checkpoint_stride: config.checkpoint_stride ?? gif_stride,
    test_npar,
    test_batch_size: Math.min(config.test_batch_size, test_npar),
    plot_npar: Math.min(config.plot_npar, test_npar),
    plot_npar_path: Math.min(config.plot_npar_path, test_npar),
    model: completeNetwork(config.model, data.image_size),
  };
}

const groupDatasets = ({ Dataset, Dataset_between, Dataset_transfer, data }: TrainConfig) => ({
  Dataset_transfer: Dataset_transfer ?? Dataset,
  Dataset_between: Dataset_between ?? data.between?.map(() => Dataset) ?? null,
});

function completeNetwork(model: TrainConfig["model"], image_size: number): TrainConfig["model"] {
  if (model.name !== "UNET") return model;
  const channel_mult = model.channel_mult ?? defaultChannelMult[image_size] ?? null;
  const sizes = readNumbers(channel_mult).map((_, level) => image_size / 2 ** level);
  // Reports only image sizes that the network could have and does not have.
  const standard = ["16,8", "16"].includes(model.attention_resolutions ?? "");
  const attended = readNumbers(model.attention_resolutions).filter(
    (size) => sizes.includes(size) || (!standard && image_size % size === 0),
  );
  return { ...model, channel_mult, attention_resolutions: attended.join() || null };
}

/**
 * Returns the complete configuration of a run. Missing newer keys get their defaults.
 * @throws {ConfigError} with a line for each unknown key or value, and the `version` that wrote them.
 */
export function readConfig(saved: object, version?: string): CompleteTrainConfig {
  const tree = merge({}, saved);
  const writer = version === undefined ? "" : ` (written by version ${version})`;
  return withLines(
    (line) => line + writer,
    () => {
      takeReferenceKeys(tree);
      return completeTrain(validate(trainSchema, merge(defaultsOf(trainSchema), tree)));
    },
  );
}

/**
 * Reads a configuration of `version` or an earlier version. A run folder may come from a stranger: files whose code
 * runs become null, and classifiers stay above the run or in the usual folder.
 * @throws {ConfigError} for another command's configuration and for an unreadable one.
 */
export function savedConfig(
  folder: string,
  saved: Record<string, unknown>,
  version: string | undefined,
): CompleteTrainConfig {
  if (!("Dataset" in saved) && !("model_name" in saved))
    throw new ConfigError(
      `${folder} is a run of another command: expected one of dsbm train, gaussian or fit`,
    );
  try {
    const { metrics, paths, ...config } = readConfig(saved, version);
    return {
      ...config,
      metrics: { ...metrics, inception: null, fid_statistics: null },
      paths: isAbove(paths.experiments_dir_name, folder)
        ? paths
        : { ...paths, experiments_dir_name: "experiments" },
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      `${folder}/config.json is not one of this version: ${error.problems.join("; ")}`,
    );
  }
}

function isAbove(parent: string, folder: string): boolean {
  try {
    return !relative(realpathSync(resolve(parent)), realpathSync(folder)).startsWith("..");
  } catch {
    return false;
  }
}

// Why: keys that are right one by one can be wrong together; whatever can be told without data and
// without the engine is told here, before anything is loaded.

import { checkpointProblems } from "./check-checkpoint.js";
import { methodProblems } from "./check-method.js";
import { imageShape, networkProblems } from "./check-network.js";
import { completeTrain } from "./complete.js";
import { checkProcesses } from "./processes.js";
import type { TrainConfig } from "./schema.js";

/** Data that are drawn as vectors. */
const VECTORS: readonly string[] = ["gaussian", "normal", "moons", "scurve", "eight_gaussians"];

/** One line for each problem of keys together: what was given, what was expected, what to do. */
export function checkTrain(
  config: TrainConfig,
  choices: Readonly<Record<string, string | null>> = {},
): string[] {
  return [
    ...methodProblems(config, choices.method ?? null),
    ...endProblems(config),
    ...vectorProblems(config),
    ...batchProblems(config),
    ...checkProcesses(config, Math.floor(config.batch_size / config.num_repeat_data)),
    ...networkProblems(config),
    ...checkpointProblems(config),
    ...metricProblems(config),
  ];
}

function metricProblems({ metrics }: TrainConfig): string[] {
  const { inception, fid_statistics } = metrics;
  if (fid_statistics === null || inception !== null) return [];
  return [
    `metrics.fid_statistics=${fid_statistics} are statistics of Inception's features, got metrics.inception=null: ` +
      "name its file too, metrics.inception=inception-2015-12-05.pt",
  ];
}

/** Vectors and the networks of images do not go together, nor do images and a network of vectors. */
function vectorProblems({
  Dataset,
  Dataset_transfer,
  transfer,
  data,
  model,
  cache,
  batch_size,
}: TrainConfig): string[] {
  const ends = [Dataset, transfer ? Dataset_transfer : null].filter((name) => name !== null);
  const problems: string[] = [];
  const drawn = ends.find((name) => VECTORS.includes(name));
  if (drawn !== undefined && model.name !== "MLP")
    problems.push(
      `model.name=${model.name} is a network of images, got Dataset ${drawn}, which are vectors: write model=MLP`,
    );
  const images = ends.find((name) => imageShape(name) !== undefined);
  if (images !== undefined && model.name === "MLP" && data.components === null)
    problems.push(
      `model.name=MLP is a network of vectors, got images of ${images}: ` +
        "write data.components=64 to project them on so many principal components, or choose a network of images",
    );
  const sized = ends.find((name) => ["gaussian", "normal"].includes(name));
  if (sized !== undefined && ends.every((name) => name === sized) && data.dim === null)
    problems.push(`data.dim=null, but ${sized} has no dimension of its own: write data.dim=5`);
  if (Dataset === "gaussian" && data.dim !== null && (data.n_test ?? Infinity) <= data.dim)
    problems.push(
      `data.n_test=${data.n_test} is too few for the covariance of data.dim=${data.dim}: write data.n_test=${data.dim + 1} or more`,
    );
  if (cache === "epoch" && data.n_train !== null && batch_size > data.n_train)
    problems.push(
      `batch_size=${batch_size} is more than data.n_train=${data.n_train}, which leaves no full batch: ` +
        `write batch_size=${data.n_train} or less`,
    );
  return problems;
}

function endProblems(config: TrainConfig): string[] {
  const { transfer, Dataset, Dataset_transfer, normalize_x1, wavenumber, cdsb, data } = config;
  const problems: string[] = [];
  if (transfer && Dataset_transfer === null) {
    problems.push(
      "transfer=true needs data at time 1, got Dataset_transfer=null: " +
        "write Dataset_transfer=… or transfer=false",
    );
  }
  if (transfer && normalize_x1) {
    problems.push(
      "normalize_x1=true standardises towards a Gaussian, but transfer=true has data at time 1: " +
        "leave normalize_x1 out or write transfer=false",
    );
  }
  if (cdsb && data.random_flip) {
    problems.push(
      "data.random_flip=true mirrors samples but not the condition that cdsb=true goes by: " +
        "leave data.random_flip out",
    );
  }
  for (const key of ["adaptive_mean", "final_adaptive"] as const) {
    if (!transfer || !config[key]) continue;
    problems.push(
      `${key}=true estimates the Gaussian at time 1, but transfer=true has data there: ` +
        `leave ${key} out or write transfer=false`,
    );
  }
  const names = [Dataset, transfer ? Dataset_transfer : null].filter((name) => name !== null);
  if (wavenumber !== 0 && !names.some((name) => name.startsWith("downscaler"))) {
    problems.push(
      `wavenumber=${wavenumber} selects a segment of downscaler data, but the data are ` +
        `${names.join(" and ")}: leave wavenumber out or write dataset=downscaler_transfer`,
    );
  }
  return problems;
}

function batchProblems(config: TrainConfig): string[] {
  const { batch_size, num_repeat_data } = config;
  const { cache_npar } = completeTrain(config);
  if (batch_size % num_repeat_data !== 0) {
    const near = Math.ceil(batch_size / num_repeat_data) * num_repeat_data;
    return [
      `batch_size=${batch_size} is no multiple of num_repeat_data=${num_repeat_data}, the rows that ` +
        `one pair takes: write batch_size=${near}`,
    ];
  }
  const pairs = batch_size / num_repeat_data;
  if (cache_npar >= pairs || config.cache === "epoch") return [];
  return [
    `cache_npar=${cache_npar} is fewer than the ${pairs} pairs of a batch (batch_size=${batch_size} / ` +
      `num_repeat_data=${num_repeat_data}): write cache_npar=${pairs} or more`,
  ];
}

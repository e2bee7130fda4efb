// A configuration and its datasets as the problem that the driver trains.
import {
  type BatchCoupling,
  type KnownPairs,
  type Method,
  minibatchEntropic,
  minibatchExact,
  neighbourDistance,
  resample,
  takesOption,
  withPathNoise,
} from "@dsbm/bridge";
import { type CompleteTrainConfig, ConfigError, hasRowCondition } from "@dsbm/config";
import {
  type Datasets,
  fieldInputs,
  growthNumbers,
  isVectors,
  largestBatch,
  marginalsOf,
  networkShape,
  processOnCells,
  trainingEndpoints,
} from "@dsbm/datasets";
import type { Device } from "@dsbm/torch";
import type { Execution, MethodOptions, Problem, Schedule, Teacher } from "@dsbm/train";
import { buildNetwork, conditionCount } from "./network.js";
import { bridgeProcess } from "./process.js";
import { chunkRows, threadsOf } from "./threads.js";

/** The deviation of the noise around mean paths in training. */
function pathNoise(config: CompleteTrainConfig, datasets: Datasets, { mass }: Method): number {
  const isUsual = isVectors(datasets) && (mass || datasets.chain);
  if (config.path_noise !== null) return config.path_noise;
  if (!isUsual || !takesOption(config.method, "path_noise")) return 0;
  return neighbourDistance(marginalsOf(datasets).map(({ train, plain }) => plain(train)));
}

function batchCoupling({ ot_sampler }: CompleteTrainConfig, reg: number): BatchCoupling | null {
  if (ot_sampler === "exact") return minibatchExact();
  return ot_sampler && minibatchEntropic({ reg });
}

/** @throws {ConfigError} for batches larger than a dataset. */
export function checkBatch(config: CompleteTrainConfig, datasets: Datasets): void {
  const { batch_size, num_repeat_data: repeat } = config;
  const most = largestBatch(config, datasets);
  if (batch_size > most && !bridgeProcess(config).method.model?.fit)
    throw new ConfigError(
      `batch_size=${batch_size} is more than the ${most / repeat} samples of a dataset allow: write batch_size=${most} or less`,
    );
}

/** @throws {ConfigError} for parts that are larger than a sample, and for vectors. */
function checkCrop({ data: { crop } }: CompleteTrainConfig, { shape }: Datasets): void {
  const [, height = 0, width = 0] = shape;
  if (crop === null || crop <= Math.min(height, width)) return;
  throw new ConfigError(
    `data.crop=${crop} trains on parts of ${crop}×${crop} cells, got samples of shape [${shape}]: write a smaller number, or leave data.crop out`,
  );
}

/** Files of simulated rows, and pairs that the user knows. */
interface ProblemOptions {
  cacheFolder: string;
  pairs?: KnownPairs | null;
  /** The run that a method of few steps learns from. */
  teacher?: Teacher | null;
}

/**
 * The problem of a configuration and its datasets. The datasets stay the caller's.
 * @throws {ConfigError | BridgeError} for options that do not go together.
 */
export function trainingProblem(
  config: CompleteTrainConfig,
  datasets: Datasets,
  { cacheFolder, pairs = null, teacher = null }: ProblemOptions,
): Problem {
  checkCrop(config, datasets);
  const growth = growthNumbers(config, datasets);
  const bridge = bridgeProcess(config, datasets.x1.moments, growth);
  const deviation = pathNoise(config, datasets, bridge.method);
  const method = deviation > 0 ? withPathNoise(bridge.method, deviation) : bridge.method;
  return {
    data: {
      ...trainingEndpoints(datasets),
      pairs,
      decode: datasets.rows ? (rows) => rows : (rows, at) => datasets[at.end].decode(rows, at),
    },
    process: processOnCells(bridge.process, datasets.channels, config.device as Device),
    method: { ...methodOptions(config, datasets, { ...bridge, method }), teacher },
    schedule: scheduleOf(config, bridge),
    optimisation: optimisationOf(config),
    execution: executionOf(config, datasets, cacheFolder),
    seed: config.seed,
  };
}

function methodOptions(
  config: CompleteTrainConfig,
  datasets: Datasets,
  { method, process, parametrisation, lastNoise, stepVariance }: ReturnType<typeof bridgeProcess>,
): MethodOptions {
  const startsIndependent = config.first_coupling === "ind" && method.rows?.pairs === true;
  return {
    method,
    parametrisation,
    lastNoise,
    stepVariance,
    network: (direction, half) =>
      buildNetwork(config, direction, {
        half,
        method,
        shape: networkShape(datasets.shape, config.data),
        classes: datasets.x0.classes.length,
        conditions: conditionCount(config, datasets),
        fields: fieldInputs(datasets.channels, config.data),
      }),
    firstCoupling: config.first_coupling,
    // A Gaussian takes the conditions of the data, row by row.
    matchConditions:
      (config.match_conditions ?? hasRowCondition(config.data)) &&
      config.transfer &&
      startsIndependent,
    batchCoupling: batchCoupling(config, 2 * process.sigma ** 2),
    couplingRows: config.ot_rows,
    matchMoments: config.match_moments,
  };
}

const scheduleOf = (
  config: CompleteTrainConfig,
  { grid, eps }: Pick<ReturnType<typeof bridgeProcess>, "grid" | "eps">,
): Schedule => ({
  grid,
  cacheGrid:
    config.cache_num_steps === config.num_steps ? grid : resample(grid, config.cache_num_steps),
  sequence: config.fb_sequence,
  halfIterations: config.half_iterations,
  firstIteration: config.fb_sequence.length,
  firstPass: config.first_pass,
  firstSteps: config.first_num_iter,
  steps: config.num_iter,
  eps,
  times: config.time_sampling === "schedule" ? "steps" : (config.time_sampling ?? "uniform"),
});

function optimisationOf(config: CompleteTrainConfig): Problem["optimisation"] {
  const { keep_optimizer, use_prev_net } = config;
  return {
    crop: config.data.crop,
    batchSize: config.batch_size,
    repeat: config.num_repeat_data,
    reduction: config.loss_reduction,
    optimizer: config.optimizer,
    lr: config.lr,
    lrSchedule: config.lr_schedule ?? "constant",
    lrWarmup: config.lr_warmup ?? 0,
    weightDecay: config.weight_decay,
    gradClip: config.grad_clip,
    keepOptimizer: keep_optimizer === "method" ? null : (keep_optimizer ?? use_prev_net),
    renewNetwork: !use_prev_net,
    emaRate: config.ema_rate,
    emaWarmup: config.ema_warmup,
  };
}

const executionOf = (
  config: CompleteTrainConfig,
  datasets: Datasets,
  cacheFolder: string,
): Execution => ({
  threads: config.threads,
  simulateThreads: threadsOf(config),
  chunkRows: chunkRows(networkShape(datasets.shape, config.data)),
  dtype: config.dtype,
  simulateDtype: config.simulate_dtype,
  accumulate: config.accumulate,
  shareBatch: config.share_batch,
  logEvery: config.log_every,
  cache:
    config.cache === "epoch"
      ? null
      : {
          folder: cacheFolder,
          npar: config.cache_npar,
          batchSize: config.cache_batch_size,
          refreshStride: config.cache_refresh_stride,
          normalize: config.normalize_x1,
          online: config.online_cache,
        },
});

/** The trained direction, or both if vectors have one network for both. */
export function evaluatedDirections(
  direction: "b" | "f",
  { datasets, method }: { datasets: Datasets; method: Pick<Method, "networks"> },
): ("b" | "f")[] {
  return isVectors(datasets) && method.networks !== "each" ? ["b", "f"] : [direction];
}

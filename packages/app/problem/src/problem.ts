import {
  aroundPaths,
  type BatchCoupling,
  brownian,
  ConditionDropout,
  type Direction,
  followingData,
  gammaGrid,
  gammaSchedule,
  type KnownPairs,
  type Method,
  methodNamed,
  minibatchEntropic,
  minibatchExact,
  type Network,
  neighbourDistance,
  onAbsoluteTime,
  ornsteinUhlenbeck,
  plainDrift,
  preconditioned,
  resample,
  smooth,
  stream,
  uniformGrid,
  withNoiseShare,
} from "@dsbm/bridge";
import {
  type CompleteTrainConfig,
  ConfigError,
  conditionColumn,
  langevinNumbers,
  pathMethods,
} from "@dsbm/config";
import { conditionWidth } from "@dsbm/data";
import { createNetwork } from "@dsbm/nets";
import { cores } from "@dsbm/runs";
import type { Device } from "@dsbm/torch";
import type { Problem } from "@dsbm/train";
import { configChain } from "./dataset.js";
import { type Datasets, isVectors, largestBatch, marginalsOf, tables } from "./datasets.js";
import type { GaussianMoments } from "./gaussian-target.js";
import { growthNumbers } from "./masses.js";

/** The part of a run's problem that needs no data, shared with sampling. */
export function bridgeProcess(
  config: CompleteTrainConfig,
  law: GaussianMoments | null = null,
  growth: ReturnType<typeof growthNumbers> = {},
) {
  const gammas = gammaSchedule(config.num_steps, config);
  const sigma = config.sigma ?? Math.sqrt(gammas.reduce((a, b) => a + b, 0));
  const plain = methodOf(config, { gammas, law, growth });
  const method = config.precondition
    ? preconditioned(plain, config.precondition === "mixture" ? mixtureOf(config) : undefined)
    : interpolated(plain, config);
  const isDrift = method.predicts === "drift" && !method.plan;
  return {
    process: config.sde === "vp" ? ornsteinUhlenbeck({ sigma }) : brownian({ sigma }),
    method,
    grid: config.sigma === null ? gammaGrid(gammas) : uniformGrid(config.num_steps),
    lastNoise: config.last_noise,
    stepVariance: config.step_variance,
    // A velocity and an increment have no scale of a bridge.
    parametrisation: isDrift
      ? {
          meanMatch: config.mean_match,
          stdTrick: config.std_trick,
          lossScale: config.loss_scale === true,
        }
      : { ...plainDrift, meanMatch: method.predicts === "velocity" && config.mean_match },
    eps: config.eps ?? method.eps,
    chain: configChain(config),
  };
}

function interpolated(
  method: Method,
  { interpolant, path_metric, path_potential }: CompleteTrainConfig,
): Method {
  if (interpolant === "spline") return smooth(method, path_potential);
  return interpolant === "metric" ? followingData(method, path_metric) : method;
}

const mixtureOf = ({ mixture_components, mixture_spread }: CompleteTrainConfig) => ({
  components: mixture_components,
  spread: mixture_spread,
});

function methodOf(
  config: CompleteTrainConfig,
  {
    gammas,
    law,
    growth,
  }: {
    gammas: readonly number[];
    law: GaussianMoments | null;
    growth: ReturnType<typeof growthNumbers>;
  },
): Method {
  if (config.method !== "dsb")
    return methodNamed(config.method, {
      ...mixtureOf(config),
      massPenalty: config.mass_penalty,
      ...growth,
    });
  return methodNamed(config.method, {
    gammas,
    mean: law?.mean.squeeze(0) ?? config.mean_final,
    variance: law?.std.square().squeeze(0) ?? config.var_final,
    scaleNoise: config.var_final_gamma_scale,
    meanMatch: config.mean_match,
    ...langevinNumbers(config, gammas),
    device: config.device as Device,
  });
}

/** The deviation of the noise around mean paths in training. */
function pathNoise(config: CompleteTrainConfig, datasets: Datasets, { mass }: Method): number {
  const isUsual = isVectors(datasets) && (mass || datasets.chain);
  if (config.path_noise !== null) return config.path_noise;
  if (!isUsual || !pathMethods.includes(config.method)) return 0;
  return neighbourDistance(marginalsOf(datasets).map(({ train, plain }) => plain(train)));
}

/** Rows simulated on one thread, so that a wide layer's intermediates fit into the cache. */
export const chunkRows = (shape: readonly number[]): number => (shape.length === 1 ? 500 : 8);

/** Threads of a run on an otherwise idle machine. */
export const threadsOf = ({ threads }: Pick<CompleteTrainConfig, "threads">): number =>
  threads === "auto" ? cores() : threads;

function batchCoupling({ ot_sampler }: CompleteTrainConfig, reg: number): BatchCoupling | null {
  if (ot_sampler === "exact") return minibatchExact();
  return ot_sampler && minibatchEntropic({ reg });
}

/** Throws a ConfigError for batches larger than a dataset. */
export function checkBatch(config: CompleteTrainConfig, datasets: Datasets): void {
  const { batch_size, num_repeat_data: repeat } = config;
  const most = largestBatch(config, datasets);
  if (batch_size > most && !bridgeProcess(config).method.model?.fit)
    throw new ConfigError(
      `batch_size=${batch_size} is more than the ${most / repeat} samples of a dataset allow: write batch_size=${most} or less`,
    );
}

export function trainingProblem(
  config: CompleteTrainConfig,
  datasets: Datasets,
  { cacheFolder, pairs = null }: { cacheFolder: string; pairs?: KnownPairs | null },
): Problem {
  const growth = growthNumbers(config, marginalsOf(datasets));
  const bridge = bridgeProcess(config, datasets.x1.moments, growth);
  const { process, grid, eps, parametrisation, lastNoise, stepVariance } = bridge;
  const deviation = pathNoise(config, datasets, bridge.method);
  const method = deviation > 0 ? aroundPaths(bridge.method, deviation) : bridge.method;
  const { fb_sequence, first_coupling, keep_optimizer } = config;
  const startsIndependent = first_coupling === "ind" && method.rows?.pairs;
  return {
    data: {
      ...tables(datasets),
      pairs,
      decode: datasets.rows ? (rows) => rows : (rows, at) => datasets[at.end].decode(rows, at),
    },
    process,
    method: {
      method,
      parametrisation,
      lastNoise,
      stepVariance,
      network: (direction, half) =>
        buildNetwork(config, direction, {
          half,
          method,
          shape: datasets.shape,
          classes: datasets.x0.classes.length,
          conditions: conditionWidth(datasets.columns?.condition ?? null),
        }),
      firstCoupling: first_coupling,
      // A Gaussian takes the conditions of the data, row by row.
      matchConditions:
        (config.match_conditions ?? conditionColumn(config.data) !== null) &&
        config.transfer &&
        startsIndependent,
      batchCoupling: batchCoupling(config, 2 * process.sigma ** 2),
      couplingRows: config.ot_rows,
      matchMoments: config.match_moments,
    },
    schedule: {
      grid,
      cacheGrid:
        config.cache_num_steps === config.num_steps ? grid : resample(grid, config.cache_num_steps),
      sequence: fb_sequence,
      halfIterations: config.half_iterations,
      firstIteration: fb_sequence.length,
      firstPass: config.first_pass,
      firstSteps: config.first_num_iter,
      steps: config.num_iter,
      eps,
      times: config.time_sampling === "schedule" ? "steps" : (config.time_sampling ?? "uniform"),
    },
    optimisation: {
      batchSize: config.batch_size,
      repeat: config.num_repeat_data,
      reduction: config.loss_reduction,
      optimizer: config.optimizer,
      lr: config.lr,
      lrSchedule: config.lr_schedule ?? "constant",
      lrWarmup: config.lr_warmup ?? 0,
      weightDecay: config.weight_decay,
      gradClip: config.grad_clip,
      keepOptimizer: keep_optimizer === "method" ? null : (keep_optimizer ?? config.use_prev_net),
      renewNetwork: !config.use_prev_net,
      emaRate: config.ema_rate,
      emaWarmup: config.ema_warmup,
    },
    execution: {
      threads: config.threads,
      simulateThreads: threadsOf(config),
      chunkRows: chunkRows(datasets.shape),
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
    },
    seed: config.seed,
  };
}

/** The trained direction, or both if vectors have one network for both. */
export function evaluatedDirections(
  direction: "b" | "f",
  { datasets, method }: { datasets: Datasets; method: Pick<Method, "networks"> },
): ("b" | "f")[] {
  return isVectors(datasets) && method.networks !== "each" ? ["b", "f"] : [direction];
}

interface NetworkFacts {
  half?: number | undefined;
  classes: number;
  shape: readonly number[];
  conditions?: number | undefined;
  method: Pick<Method, "model" | "networks" | "mass">;
}

/** Its weights are a function of seed, direction and (from 2 on) half-iteration. */
export function buildNetwork(
  config: CompleteTrainConfig,
  direction: Direction,
  { half = 1, classes, shape: sample, conditions, method }: NetworkFacts,
): Network {
  const { model, data, seed, device, condition_dropout: rate, step_variance } = config;
  const purpose = half > 1 ? `init/${direction}/${half}` : `init/${direction}`;
  const chain = configChain(config) ?? undefined;
  const shape = method.mass ? [sample[0] + 1] : sample;
  const facts = { shape, direction, chain, generator: stream(seed, purpose) };
  const channels = conditions || data.cond_channels;
  const create = ({ bidirectional = false, unit = false, zero = false } = {}) => {
    const request = { ...facts, bidirectional, unit, zero, model };
    if (rate === 0) return createNetwork({ ...request, classes, cond_channels: channels });
    const net = createNetwork({
      ...request,
      classes: classes + 1,
      cond_channels: channels > 0 ? channels + 1 : 0,
    });
    return new ConditionDropout(net, { rate, classes });
  };
  const net =
    method.model?.create({ ...facts, createNetwork: create }) ??
    onAbsoluteTime(create({ bidirectional: method.networks === "bidirectional" }), chain);
  if (step_variance === "analytic") withNoiseShare(net, method.networks);
  return device === "cpu" ? net : net.to({ device: device as Device });
}

type Sequence = Pick<CompleteTrainConfig, "fb_sequence">;
type Steps = Sequence & Pick<CompleteTrainConfig, "first_num_iter" | "num_iter">;

function iterationOf(half: number, { fb_sequence }: Sequence): number {
  return Math.ceil(half / fb_sequence.length);
}

export function stepsOf(half: number, config: Steps): number {
  return iterationOf(half, config) <= 1 ? config.first_num_iter : config.num_iter;
}

/**
 * The position of a run: `half` is the half-iteration in progress or just finished, `step` its
 * finished steps.
 */
export interface Position {
  half: number;
  direction: Direction;
  step: number;
}

/** The name of the checkpoint at a position: it0002_f_step00005000. */
export function checkpointId({ half, direction, step }: Position, config: Sequence): string {
  const iteration = String(iterationOf(half, config)).padStart(4, "0");
  return `it${iteration}_${direction}_step${String(step).padStart(8, "0")}`;
}

/** Training steps before a position, over all half-iterations. */
export function stepsBefore(
  { half, step }: Pick<Position, "half" | "step">,
  steps: (half: number) => number,
): number {
  let total = step;
  for (let h = 1; h < half; h++) total += steps(h);
  return total;
}

// An image run as a training problem: configuration and data in, everything that the driver needs out.
import {
  brownian,
  dsbLangevin,
  dsbm,
  gammaGrid,
  gammaSchedule,
  type Method,
  methods,
  minibatchEntropic,
  minibatchExact,
  ornsteinUhlenbeck,
  plainDrift,
  resample,
} from "@dsbm/bridge";
import { type CompleteTrainConfig, langevinNumbers } from "@dsbm/config";
import type { Device } from "@dsbm/torch";
import type { Problem } from "@dsbm/train";
import { cores } from "../machine/cores.js";
import { type GaussianMoments, type ImageData, tables } from "./ends.js";
import { isFlow, sequenceOf } from "./iteration.js";
import { buildNetwork } from "./network.js";

/** What a run's networks mean: the part of its problem that needs no data, and that sampling shares. */
export function imageProcess(config: CompleteTrainConfig, law: GaussianMoments | null = null) {
  const gammas = gammaSchedule(config.num_steps, config);
  const flow = isFlow(config);
  const sigma = flow ? 0 : Math.sqrt(gammas.reduce((a, b) => a + b, 0));
  const method = methodOf(config, gammas, law);
  return {
    process: config.sde === "vp" ? ornsteinUhlenbeck({ sigma }) : brownian({ sigma }),
    method,
    grid: gammaGrid(gammas),
    lastNoise: config.last_noise,
    stepVariance: config.step_variance,
    // The spread of a flow's straight lines is zero: nothing to scale by; discrete DSB has scales of its own.
    parametrisation:
      flow || config.method === "dsb"
        ? { ...plainDrift, meanMatch: flow && config.mean_match }
        : {
            meanMatch: config.mean_match,
            stdTrick: config.std_trick,
            lossScale: config.loss_scale === true,
          },
    eps: config.eps ?? method.eps,
  };
}

function methodOf(
  config: CompleteTrainConfig,
  gammas: readonly number[],
  law: GaussianMoments | null,
): Method {
  if (isFlow(config)) return methods.rectifiedflow;
  if (config.method !== "dsb") return dsbm;
  return dsbLangevin({
    gammas,
    mean: law?.mean.squeeze(0) ?? config.mean_final,
    variance: law?.std.square().squeeze(0) ?? config.var_final,
    scaleNoise: config.var_final_gamma_scale,
    meanMatch: config.mean_match,
    ...langevinNumbers(config, gammas),
    device: config.device as Device,
  });
}

/** Whether it begins with independent pairs. Discrete DSB starts from the reference, whatever the data ask for. */
const pairsAreIndependent = ({ method, first_coupling }: CompleteTrainConfig): boolean =>
  first_coupling === "ind" && method !== "dsb";

export function imageProblem(
  config: CompleteTrainConfig,
  data: ImageData,
  { cacheFolder, chunkRows }: { cacheFolder: string; chunkRows: number },
): Problem {
  const { method, process, grid, eps, ...law } = imageProcess(config, data.x1.moments);
  const sequence = sequenceOf(config);
  const { ot_sampler, first_coupling } = config;
  return {
    data: { ...tables(data), decode: (rows, at) => data[at.end].decode(rows, at) },
    process,
    method: {
      method,
      ...law,
      network: (direction, half) =>
        buildNetwork(config, direction, { half, classes: data.x0.classes.length }),
      firstCoupling: first_coupling,
      // A Gaussian borrows the conditions of the data, row by row.
      matchConditions:
        config.match_conditions === true && config.transfer && pairsAreIndependent(config),
      batchCoupling:
        ot_sampler === "exact"
          ? minibatchExact()
          : ot_sampler === "sinkhorn"
            ? minibatchEntropic({ reg: 2 * process.sigma ** 2 })
            : null,
    },
    schedule: {
      grid,
      cacheGrid:
        config.cache_num_steps === config.num_steps ? grid : resample(grid, config.cache_num_steps),
      sequence,
      halfIterations: config.half_iterations,
      steps: config.num_iter,
      firstSteps: config.first_num_iter,
      firstIteration: sequence.length,
      firstPass: config.first_pass,
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
      weightDecay: config.weight_decay,
      gradClip: config.grad_clip,
      keepOptimizer: config.keep_optimizer === "method" ? null : config.keep_optimizer,
      renewNetwork: !config.use_prev_net,
      emaRate: config.ema_rate,
      emaWarmup: config.ema_warmup,
    },
    execution: {
      threads: config.threads,
      simulateThreads: config.threads === "auto" ? cores() : config.threads,
      chunkRows,
      accumulate: config.accumulate,
      shareBatch: config.share_batch,
      cache: {
        folder: cacheFolder,
        npar: config.cache_npar,
        batchSize: config.cache_batch_size,
        refreshStride: config.cache_refresh_stride,
        normalize: config.normalize_x1,
      },
      logEvery: config.log_every,
    },
    seed: config.seed,
  };
}

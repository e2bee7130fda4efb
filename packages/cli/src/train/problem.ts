// An image run as a training problem: configuration and data in, everything that the driver needs out.
import {
  brownian,
  dsbm,
  gammaGrid,
  gammaSchedule,
  methods,
  minibatchEntropic,
  minibatchExact,
  ornsteinUhlenbeck,
  type Problem,
  resample,
} from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { cores } from "../cores.js";
import { UsageError } from "../errors.js";
import { type ImageData, tables } from "./data.js";
import { isFlow, sequenceOf } from "./iteration.js";
import { buildNetwork } from "./network.js";

/** Refuses what a later version brings, before anything is loaded. */
export function checkSupported({ method }: CompleteTrainConfig): void {
  const later = (what: string, instead: string) =>
    new UsageError(`${what} is not in this version yet: ${instead}`);
  if (method === "dsb") throw later(`method=${method}`, "choose dbdsb, dbdsb_vp, bm, rf or otcfm");
}

export function imageProblem(
  config: CompleteTrainConfig,
  data: ImageData,
  { cacheFolder, chunkRows }: { cacheFolder: string; chunkRows: number },
): Problem {
  const gammas = gammaSchedule(config.num_steps, config);
  const grid = gammaGrid(gammas);
  const flow = isFlow(config);
  const sigma = flow ? 0 : Math.sqrt(gammas.reduce((a, b) => a + b, 0));
  const sequence = sequenceOf(config);
  const { ot_sampler, first_coupling, loss_scale } = config;
  return {
    data: tables(data),
    decode: (rows, at) => data[at.end].decode(rows, at),
    process: config.sde === "vp" ? ornsteinUhlenbeck({ sigma }) : brownian({ sigma }),
    method: flow ? methods.rectifiedflow : dsbm,
    grid,
    cacheGrid:
      config.cache_num_steps === config.num_steps ? grid : resample(grid, config.cache_num_steps),
    network: (direction, half) =>
      buildNetwork(config, direction, { half, classes: data.x0.classes.length }),
    firstCoupling: first_coupling,
    sequence,
    halfIterations: sequence.length * config.n_ipf,
    firstIteration: sequence.length,
    firstPass: first_coupling === "ind" ? sequence.length : 1,
    firstSteps: config.first_num_iter,
    steps: config.num_iter,
    batchSize: config.batch_size,
    repeat: config.num_repeat_data,
    cache: {
      folder: cacheFolder,
      npar: config.cache_npar,
      batchSize: config.cache_batch_size,
      refreshStride: config.cache_refresh_stride,
      normalize: config.normalize_x1,
    },
    lastNoise: false,
    parametrisation: {
      meanMatch: config.mean_match,
      stdTrick: config.std_trick && !flow,
      // The spread of a flow's straight lines is zero: nothing to scale by.
      lossScale: loss_scale === true && !flow,
    },
    reduction: "mean",
    optimizer: config.optimizer,
    lr: config.lr,
    weightDecay: config.weight_decay,
    keepOptimizer: config.use_prev_net,
    renewNetwork: !config.use_prev_net,
    gradClip: config.grad_clip,
    emaRate: config.ema ? config.ema_rate : null,
    eps: config.eps,
    batchCoupling:
      ot_sampler === "exact"
        ? minibatchExact()
        : ot_sampler === "sinkhorn"
          ? minibatchEntropic({ reg: 2 * sigma ** 2 })
          : null,
    seed: config.seed,
    threads: config.threads,
    simulateThreads: config.threads === "auto" ? cores() : config.threads,
    chunkRows,
    logEvery: config.log_every,
  };
}

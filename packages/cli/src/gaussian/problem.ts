// The Gaussian benchmark as a training problem: configuration in, data and networks out.
import {
  brownian,
  type Direction,
  type Endpoints,
  methodNamed,
  minibatchEntropic,
  minibatchExact,
  stream,
  uniformGrid,
} from "@dsbm/bridge";
import { type GaussianConfig, gaussianEps } from "@dsbm/config";
import { gaussianEndpoints } from "@dsbm/data";
import { ScoreNetwork, widths } from "@dsbm/nets";
import { type Device, Generator, type Tensor } from "@dsbm/torch";
import type { Problem } from "@dsbm/train";
import { cores } from "../machine/cores.js";

/** What a run's networks mean: the part of its problem that needs no data, and that sampling shares. */
export function gaussianProcess(config: GaussianConfig) {
  const { dim, sigma, seed } = config;
  const device = config.device as Device;
  return {
    process: brownian({ sigma }),
    method: methodNamed(config.model_name === "dsb" ? "dsb_increments" : config.model_name),
    grid: uniformGrid(config.num_steps),
    network: (direction: Direction) => {
      const net = new ScoreNetwork(dim, {
        hidden: widths[config.net_name],
        generator: stream(seed, `init/${direction}`),
      });
      return device === "cpu" ? net : net.to({ device });
    },
    eps: gaussianEps(config),
  };
}

/** The problem of a configuration and its test points, all functions of the seed. */
export function gaussianProblem(config: GaussianConfig): { problem: Problem; test: Endpoints } {
  const { dim, a, sigma, seed, coupling } = config;
  const device = config.device as Device;
  const on = (x: Tensor) => (device === "cpu" ? x : x.to(device)).keep();
  // What torch.manual_seed(seed) gives in PyTorch, in this order, so that the data can be had there too.
  const generator = Generator.create(seed);
  const draw = (n: number): Endpoints => {
    const { x0, x1 } = gaussianEndpoints({ n, dim, a, generator });
    return { x0: on(x0), x1: on(x1) };
  };
  const data = draw(config.n_train);
  const test = draw(config.n_test);
  const { process, method, network, grid, eps } = gaussianProcess(config);
  const problem: Problem = {
    data,
    process,
    method: {
      method,
      network,
      firstCoupling: config.first_coupling,
      batchCoupling:
        coupling === "exact"
          ? minibatchExact()
          : coupling === "sinkhorn"
            ? minibatchEntropic({ reg: 2 * sigma ** 2 })
            : null,
    },
    schedule: {
      grid,
      sequence: config.fb_sequence,
      halfIterations: config.outer_iters,
      steps: config.inner_iters,
      eps,
    },
    optimisation: {
      batchSize: config.batch_size,
      optimizer: config.optimizer,
      lr: config.lr,
      lrSchedule: config.lr_schedule ?? "constant",
      weightDecay: config.weight_decay,
      gradClip: config.grad_clip,
      emaRate: config.ema_rate,
      emaWarmup: true,
    },
    execution: {
      threads: config.threads,
      simulateThreads: config.threads === "auto" ? cores() : config.threads,
      accumulate: config.accumulate,
      shareBatch: config.share_batch,
      logEvery: config.log_every,
    },
    seed,
  };
  return { problem, test };
}

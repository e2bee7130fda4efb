// The bridge between two digits as a training problem.
import { brownian, dsbm, stream, uniformGrid } from "@dsbm/bridge";
import { DriftNetwork } from "@dsbm/nets";
import type { Problem } from "@dsbm/train";
import { cores } from "../machine/cores.js";
import { type CachedMethod, cached } from "./cache.js";
import type { StartConfig } from "./config.js";
import type { DigitData } from "./data.js";

/** The training problem: the bridge of algorithm 1 of Shi et al. (2023) on the points of two digits. */
export function digitsProblem(
  config: StartConfig,
  data: DigitData,
): { problem: Problem; method: CachedMethod } {
  const { source, target } = data.train;
  const { seed, batch_size, threads } = config;
  const pairs = Math.min(source.points.size(0), target.points.size(0));
  const perEpoch = Math.max(1, Math.floor(pairs / batch_size));
  const method = cached(dsbm, {
    epochs: Math.max(1, Math.round(config.cache_refresh_stride / perEpoch)),
  });
  const problem: Problem = {
    data: { x0: source.points, x1: target.points },
    process: brownian({ sigma: config.sigma }),
    method: {
      method,
      network: (direction) =>
        new DriftNetwork(config.components, {
          direction,
          hidden: config.hidden,
          generator: stream(seed, `weights/${direction}`),
        }),
      firstCoupling: "ind",
    },
    schedule: {
      grid: uniformGrid(config.num_steps),
      sequence: ["b", "f"],
      halfIterations: 2 * config.n_ipf,
      steps: config.num_iter,
      firstSteps: config.first_num_iter,
      // The sampler evaluates no time nearer to an end than one step: closer times only add noise to the gradient.
      eps: Math.min(0.01, 0.5 / config.num_steps),
    },
    optimisation: { batchSize: batch_size, lr: config.lr, emaRate: config.ema_rate },
    execution: { threads, simulateThreads: cores(), logEvery: 50 },
    seed,
  };
  return { problem, method };
}

// The network, average and optimiser with which a half-iteration begins.
import { HalfIteration } from "./half-iteration.js";
import { type CompleteProblem, directionOf, withExecution } from "./problem.js";
import type { Sampler } from "./sampler/sampler.js";
import { beginNetwork } from "./state/begin-network.js";
import {
  directionsOf,
  keepOptimizers,
  newOptimizer,
  resetSamplers,
  type TrainState,
} from "./state/state.js";

interface HalfIterationStart {
  /** The half-iteration, counted from 1. */
  half: number;
  /** Whether several ranks share a step's rows; null counts as true. */
  sharesBatch: boolean | null | undefined;
  /** Whether a saved state follows, whose networks are prepared. */
  isContinued: boolean;
  sampler: Sampler;
  /** Training steps. */
  steps: number;
  /** Gives the sampler the present weights. */
  refresh: () => void;
}

/** Begins a half-iteration: prepares a model before the first one, restarts the average, and makes an optimiser unless one is kept. */
export function beginHalfIteration(
  problem: CompleteProblem,
  state: TrainState,
  { half, sharesBatch, isContinued, sampler, steps, refresh }: HalfIterationStart,
): HalfIteration {
  const { model } = problem.method.method;
  const direction = directionOf(problem, half);
  const network = state.networks[direction];
  keepOptimizers(problem, state);
  if (half === 1 && !isContinued && model?.prepare) {
    for (const one of directionsOf(problem))
      beginNetwork(problem, one, state.networks[one], "prepare");
    resetSamplers(state);
  }
  const ema = state.emas?.[direction] ?? null;
  ema?.restart();
  return new HalfIteration({
    problem: withExecution(problem, { shareBatch: sharesBatch ?? true }),
    half,
    network,
    optimizer: model?.fit ? null : (state.optimizers[direction] ?? newOptimizer(problem, network)),
    ema,
    sampler,
    steps,
    refresh,
  });
}

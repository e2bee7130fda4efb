// The optimisers of a training: one for each half-iteration, or, where a method keeps them, one for each network.
import type { Network } from "@dsbm/bridge";
import { optim } from "@dsbm/torch";
import type { CompleteProblem } from "../problem.js";
import type { TrainState } from "./state.js";

/** A new optimiser of a network's parameters. */
export function newOptimizer({ optimisation }: CompleteProblem, network: Network): optim.Adam {
  const { optimizer, lr, weightDecay } = optimisation;
  return new optim[optimizer](network.parameters(), { lr, weightDecay });
}

/** Makes those that are kept between half-iterations, where there are none yet. */
export function keepOptimizers(
  problem: CompleteProblem,
  { networks, optimizers }: TrainState,
): void {
  const { method } = problem.method;
  const isKept = problem.optimisation.keepOptimizer ?? method.optimizer === "kept";
  if (method.fit || !isKept) return;
  optimizers.b ??= newOptimizer(problem, networks.b);
  optimizers.f ??= method.networks === "each" ? newOptimizer(problem, networks.f) : optimizers.b;
}

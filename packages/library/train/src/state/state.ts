// Networks, averages and optimisers of a training.
import type { Direction, Network } from "@dsbm/bridge";
import { optim } from "@dsbm/torch";
import type { CompleteProblem } from "../problem.js";
import { beginNetwork } from "./begin-network.js";

/** The networks of a training, their averages and their optimisers. */
export interface TrainState {
  /** Finished half-iterations. */
  half: number;
  /** The trained networks; one network for both directions if the method shares it. */
  networks: Record<Direction, Network>;
  /** Averages of the weights; null without averaging. */
  emas: Record<Direction, optim.EMA> | null;
  /** The networks that sample: the averages, or the networks themselves. */
  samplers: Record<Direction, Network>;
  /** Optimisers that outlive a half-iteration. */
  optimizers: Partial<Record<Direction, optim.Adam>>;
}

/** The directions with a network of their own: backward first, and backward alone for a shared network. */
export function directionsOf({ method: { method } }: Pick<CompleteProblem, "method">): Direction[] {
  return method.networks === "each" ? ["b", "f"] : ["b"];
}

/** New networks with their initial weights, and averages of them. */
export function initialState(problem: CompleteProblem): TrainState {
  const { method: options, optimisation } = problem;
  const { method, network } = options;
  const { emaRate, emaWarmup } = optimisation;
  const shared = method.networks !== "each";
  const pair = <T>(make: (d: Direction) => T): Record<Direction, T> => {
    const b = make("b");
    return { b, f: shared ? b : make("f") };
  };
  const networks = pair((d) => {
    const made = network(d);
    beginNetwork(problem, d, made);
    return made;
  });
  const samplers = emaRate === null ? networks : pair(network);
  const emas =
    emaRate === null
      ? null
      : pair((d) => new optim.EMA(networks[d], emaRate, { warmup: emaWarmup }));
  const state: TrainState = { half: 0, networks, emas, samplers, optimizers: {} };
  resetSamplers(state);
  return state;
}

/** Gives the sampling networks the trained weights, or their averages. */
export function resetSamplers({ networks, samplers, emas }: TrainState): void {
  for (const d of ["b", "f"] as const) {
    if (samplers[d] !== networks[d]) samplers[d].loadStateDict(networks[d].stateDict());
    emas?.[d].copyTo(samplers[d]);
  }
}

/** Frees networks, averages and optimisers. */
export function disposeState({ networks, samplers, emas, optimizers }: TrainState): void {
  for (const d of ["b", "f"] as const) {
    networks[d].dispose();
    samplers[d].dispose();
    emas?.[d].dispose();
    optimizers[d]?.dispose();
  }
}

/** A new optimiser of a network's weights. */
export function newOptimizer({ optimisation }: CompleteProblem, network: Network): optim.Adam {
  const { optimizer, lr, weightDecay } = optimisation;
  return new optim[optimizer](network.parameters(), { lr, weightDecay });
}

/** Makes the optimisers of a method that keeps them for the whole training, if there are none yet. */
export function keepOptimizers(
  problem: CompleteProblem,
  { networks, optimizers }: TrainState,
): void {
  const { method } = problem.method;
  const isKept = problem.optimisation.keepOptimizer ?? method.keepOptimizer ?? false;
  if (method.model?.fit || !isKept) return;
  optimizers.b ??= newOptimizer(problem, networks.b);
  optimizers.f ??= method.networks === "each" ? newOptimizer(problem, networks.f) : optimizers.b;
}

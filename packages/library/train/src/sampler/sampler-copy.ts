// Weights that make the rows of a half-iteration stay while an evaluation gives the sampler newer weights.
import type { Network } from "@dsbm/bridge";
import { type Tensor, tidy } from "@dsbm/torch";
import type { HalfIteration } from "../half-iteration.js";
import { type CompleteProblem, directionOf } from "../problem.js";

/** Whether averages from before the present half-iteration make its rows: an evaluation must not change them. */
export function samplesItself(problem: CompleteProblem, current: HalfIteration): boolean {
  const { schedule, method, execution } = problem;
  const isOnline = method.method.rows?.simulation === "step" && !execution.cache?.online;
  if (isOnline || current.half <= schedule.firstPass) return false;
  const newest = directionOf(problem, current.half - 1);
  return method.method.networks !== "each" || newest === current.direction;
}

/** A copy of a sampler's weights. */
export class SamplerCopy {
  #tensors: Map<string, Tensor> | null = null;

  /** The copied weights by name, each in the shape of its parameter […]; null: none are kept. */
  get tensors(): ReadonlyMap<string, Tensor> | null {
    return this.#tensors;
  }

  /** Copies the weights of a network. */
  copyWeights(network: Network): void {
    this.dispose();
    const state = network.stateDict();
    this.#tensors = tidy(
      () => new Map([...state].map(([name, t]) => [name, t.detach().clone().keep()])),
    );
  }

  /** Gives a network the copied weights, if there are some, and forgets them. */
  putBack(network: Network): void {
    if (this.#tensors) network.loadStateDict(this.#tensors);
    this.dispose();
  }

  /** Frees the copy. */
  dispose(): void {
    for (const t of this.#tensors?.values() ?? []) t.dispose();
    this.#tensors = null;
  }
}

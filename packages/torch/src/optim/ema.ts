// The exponential moving average of a network's parameters: smoother weights for sampling.
import { invalid } from "../errors.js";
import { noGrad } from "../grad.js";
import type { Module } from "../nn/module.js";
import { _foreachLerp_ } from "../ops.generated.js";
import type { Tensor } from "../tensor.js";

/** Keeps s ← rate·s + (1 − rate)·p for every parameter p of a network, starting at p. */
export class EMA {
  readonly #names: string[];
  readonly #parameters: Tensor[];
  readonly #shadow: Tensor[];

  /** `rate` in [0, 1). Throws a TorchError for others. */
  constructor(
    module: Module,
    readonly rate: number,
  ) {
    if (!(rate >= 0 && rate < 1)) throw invalid(`EMA rate is ${rate}; expected a number in [0, 1)`);
    const named = module.namedParameters();
    this.#names = named.map(([name]) => name);
    this.#parameters = named.map(([, p]) => p);
    this.#shadow = noGrad(() => this.#parameters.map((p) => p.detach().clone().keep()));
  }

  /** One step towards the current parameters; can be recorded. */
  update(): void {
    noGrad(() => _foreachLerp_(this.#shadow, this.#parameters, 1 - this.rate));
  }

  /** The averaged tensors by parameter name (not copies). */
  stateDict(): Map<string, Tensor> {
    return new Map(this.#names.map((name, i) => [name, this.#shadow[i] as Tensor]));
  }

  /** Copies a saved average in. Throws a TorchError when a name is missing. */
  loadStateDict(state: ReadonlyMap<string, Tensor>): void {
    this.#names.forEach((name, i) => {
      const from = state.get(name);
      if (!from) throw invalid(`EMA state: ${name} is missing`);
      this.#shadow[i]?.copy_(from);
    });
  }

  /** Writes the average into a network of the same shape. */
  copyTo(module: Module): void {
    module.loadStateDict(this.stateDict(), { strict: false });
  }

  dispose(): void {
    for (const t of this.#shadow) t.dispose();
  }
}

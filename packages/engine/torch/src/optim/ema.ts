// The exponential moving average of a network's parameters: smoother weights for sampling.

import { invalidValue, refusedOption } from "../binding/errors.js";
import { tidy } from "../binding/handle.js";
import type { Module } from "../nn/module.js";
import { full, zeros } from "../tensor/create.js";
import { noGrad } from "../tensor/grad.js";
import { _foreachLerp_ } from "../tensor/ops.generated.js";
import type { Tensor } from "../tensor/tensor.js";

/** Options of `EMA`. */
export interface EMAOptions {
  /**
   * The n-th update has the rate min(rate, (1 + n)/(10 + n)), so that a young average forgets its
   * start.
   */
  warmup?: boolean;
}

/** Keeps s ← rate·s + (1 − rate)·p for every parameter p of a network, starting at p. */
export class EMA {
  readonly #names: string[];
  readonly #parameters: Tensor[];
  readonly #shadow: Tensor[];
  /** Updates since the last restart, in a tensor so that a recorded update counts too; null without a warm-up. */
  readonly #count: Tensor | null;

  /**
   * `rate` in [0, 1).
   * @throws {TorchError} for others.
   */
  constructor(
    module: Module,
    /** Weight of the old average. */
    readonly rate: number,
    { warmup = false }: EMAOptions = {},
  ) {
    if (!(rate >= 0 && rate < 1))
      throw refusedOption(`EMA rate is ${rate}; expected a number in [0, 1)`);
    const named = module.namedParameters();
    this.#names = named.map(([name]) => name);
    this.#parameters = named.map(([, p]) => p);
    this.#shadow = noGrad(() => tidy(() => this.#parameters.map((p) => p.detach().clone().keep())));
    this.#count = warmup ? zeros([], { device: named[0]?.[1].device ?? "cpu" }).keep() : null;
  }

  /** Adds the present parameters to the average. */
  update(): void {
    noGrad(() =>
      tidy(() => {
        if (this.#count === null)
          return _foreachLerp_(this.#shadow, this.#parameters, 1 - this.rate);
        const weight = this.countUpdate();
        return _foreachLerp_(
          this.#shadow,
          this.#parameters,
          this.#shadow.map(() => weight),
        );
      }),
    );
  }

  /** Counts an update and returns the weight of the parameters in it, a scalar. */
  countUpdate(): Tensor {
    if (this.#count === null) return full([], 1 - this.rate, { dtype: "float64" });
    const young = this.#count.add_(1).add(10).reciprocal().mul(9);
    return young.clamp({ min: 1 - this.rate });
  }

  /** The averages in the order and the shapes of all parameters, or null if parameters are missing. */
  averagesOf(parameters: readonly Tensor[]): Tensor[] | null {
    const averages = new Map(this.#parameters.map((p, i) => [p, this.#shadow[i]]));
    const selection = parameters.flatMap((p) => averages.get(p) ?? []);
    return selection.length === parameters.length && selection.length === averages.size
      ? selection
      : null;
  }

  /** The scalar that counts updates since the last restart, or null without a warm-up. */
  get updates(): Tensor | null {
    return this.#count;
  }

  /** Restarts the warm-up: within a few updates the average depends on the new weights only. */
  restart(): void {
    this.#count?.zero_();
  }

  /** The averages by parameter name, in the shapes of the parameters; not copies. */
  stateDict(): Map<string, Tensor> {
    return new Map(this.#names.map((name, i) => [name, this.#shadow[i]]));
  }

  /**
   * Copies a saved average in, by parameter name and in the shapes of the parameters.
   * @throws {TorchError} if a name is missing or a shape does not fit
   */
  loadStateDict(state: ReadonlyMap<string, Tensor>): void {
    this.#names.forEach((name, i) => {
      const from = state.get(name);
      if (!from) throw invalidValue(`EMA state: ${name} is missing`);
      this.#shadow[i]?.copy_(from);
    });
  }

  /** Copies the averages into a network of this kind. */
  copyTo(module: Module): void {
    module.loadStateDict(this.stateDict(), { strict: false });
  }

  /** Frees the averages. */
  dispose(): void {
    for (const t of this.#shadow) t.dispose();
    this.#count?.dispose();
  }
}

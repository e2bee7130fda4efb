import { invoke, Op } from "../binding/dispatch.js";
import { invalidValue, misfit, refusedOption } from "../binding/errors.js";
import { tidy } from "../binding/handle.js";
import { tensor, zeros } from "../tensor/create.js";
import { noGrad, zeroGrad } from "../tensor/grad.js";
import type { Parameter, Tensor } from "../tensor/tensor.js";
import type { EMA } from "./ema.js";

/** Options of Adam and AdamW. */
export interface AdamOptions {
  /** Learning rate (default 1e-3). */
  lr?: number;
  /** Decay of both moments (default 0.9, 0.999). */
  betas?: readonly [number, number];
  /** Added to the root of the second moment (default 1e-8). */
  eps?: number;
  /** Adam: added to the gradient (L2); AdamW: decoupled decay of the weights. */
  weightDecay?: number;
}

interface Slots {
  step: Tensor;
  exp_avg: Tensor;
  exp_avg_sq: Tensor;
}

const kernel = new Op("dsbm::adam_", "");

/**
 * Adam (Kingma & Ba 2015), as torch.optim.Adam with `fused=True`.
 * @throws {TorchError} for bad options.
 */
export class Adam {
  protected readonly decoupled: boolean = false;
  /** In the order of the state. */
  readonly parameters: readonly Parameter[];
  readonly #lr: Tensor;
  readonly #options: Required<Omit<AdamOptions, "lr">>;
  readonly #slots: Slots[];

  constructor(
    parameters: readonly Parameter[],
    { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0 }: AdamOptions = {},
  ) {
    if (parameters.length === 0)
      throw refusedOption("Adam: expected at least one parameter to train");
    checkRate(lr);
    for (const [name, x, ok] of [
      ["betas[0]", betas[0], betas[0] >= 0 && betas[0] < 1],
      ["betas[1]", betas[1], betas[1] >= 0 && betas[1] < 1],
      ["eps", eps, eps >= 0],
      ["weightDecay", weightDecay, weightDecay >= 0],
    ] as const) {
      if (!ok || !Number.isFinite(x))
        throw refusedOption(
          `Adam: ${name} is ${x}; expected ${name.startsWith("betas") ? "a number in [0, 1)" : "a finite number of at least 0"}`,
        );
    }
    this.parameters = parameters;
    this.#options = { betas, eps, weightDecay };
    // A tensor, so that a later change takes effect in a recorded step; float64, so that it is exact.
    this.#lr = tensor(lr, { dtype: "float64" }).keep();
    const like = (p: Parameter) => tidy(() => p.detach().zerosLike().keep());
    this.#slots = parameters.map((p) => ({
      step: zeros([], { device: p.device }).keep(),
      exp_avg: like(p),
      exp_avg_sq: like(p),
    }));
  }

  get lr(): number {
    return this.#lr.item();
  }
  /** Changes the learning rate, also for steps that were recorded. */
  set lr(value: number) {
    checkRate(value);
    this.#lr.fill_(value);
  }

  /** One update of every parameter that has a gradient, and then of an average of them. */
  step(average: EMA | null = null): void {
    noGrad(() => tidy(() => this.#update(average)));
  }

  #update(average: EMA | null): void {
    const params: Tensor[] = [];
    const grads: Tensor[] = [];
    const slots: Slots[] = [];
    this.parameters.forEach((p, i) => {
      const g = p.grad;
      if (g === null) return;
      params.push(p);
      grads.push(g);
      slots.push(this.#slots[i]);
    });
    const averages = average?.averagesOf(params) ?? null;
    if (params.length > 0) this.#apply(params, grads, slots, averages && average);
    if (!averages) average?.update();
  }

  #apply(params: Tensor[], grads: Tensor[], slots: Slots[], average: EMA | null): void {
    const { betas, eps, weightDecay } = this.#options;
    const steps = slots.map((s) => s.step);
    const moments = [slots.map((s) => s.exp_avg), slots.map((s) => s.exp_avg_sq)];
    const averages = average?.averagesOf(params) ?? [];
    const weight = average?.countUpdate();
    invoke(
      kernel,
      params,
      grads,
      ...moments,
      steps,
      averages,
      this.#lr,
      weight,
      ...betas,
      weightDecay,
      eps,
      this.decoupled,
    );
  }

  /** Drops the gradients of `parameters`. */
  zeroGrad(): void {
    zeroGrad(this.parameters);
  }

  /**
   * The state by PyTorch's names, per parameter index and in the parameter's shape: `0.step` (a scalar), `0.exp_avg`,
   * `0.exp_avg_sq`, …
   */
  stateDict(): Map<string, Tensor> {
    const state = new Map<string, Tensor>();
    this.#slots.forEach((slots, i) => {
      for (const [name, t] of Object.entries(slots) as [string, Tensor][])
        state.set(`${i}.${name}`, t);
    });
    return state;
  }

  /**
   * Copies a saved state in.
   * @throws {TorchError} when names or shapes differ.
   */
  loadStateDict(state: ReadonlyMap<string, Tensor>): void {
    const current = this.stateDict();
    for (const [name, t] of current) {
      const from = state.get(name);
      if (!from) throw invalidValue(`optimiser state: ${name} is missing`);
      if (`${from.shape}` !== `${t.shape}`)
        throw misfit(`optimiser state: ${name} has shape [${from.shape}], expected [${t.shape}]`);
    }
    for (const [name, t] of current) t.copy_(state.get(name)!);
  }

  /** Frees the moments. */
  dispose(): void {
    this.#lr.dispose();
    for (const t of this.stateDict().values()) t.dispose();
  }
}

/** Decoupled weight decay, 0.01 by default (Loshchilov & Hutter 2019). */
export class AdamW extends Adam {
  protected override readonly decoupled = true;
  constructor(parameters: readonly Parameter[], options: AdamOptions = {}) {
    super(parameters, { weightDecay: 0.01, ...options });
  }
}

function checkRate(lr: number): void {
  if (!Number.isFinite(lr) || lr < 0)
    throw refusedOption(`learning rate is ${lr}; expected a finite number of at least 0`);
}

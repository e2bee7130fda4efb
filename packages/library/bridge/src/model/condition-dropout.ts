// A network that is also trained without its condition, so that one network gives the drift with it and the drift without:
// what classifier-free guidance takes at sampling (Ho and Salimans 2021).
import { cat, dropout, nn, ones, type Tensor, where, zeros } from "@dsbm/torch";
import type { Conditions } from "../core/conditions.js";
import type { Network } from "../core/network.js";
import { spread } from "../process/process.js";

/**
 * A network of conditions of one more number (or channel), which says that the condition is there, and of one more class, for
 * rows without one. In training a part `rate` of the rows goes without; else those of calls with `given.absent`.
 */
export class ConditionDropout extends nn.Module {
  net: Network;
  readonly #rate: number;
  readonly #classes: number;
  /** `classes`: those of the data, of a network of `classes + 1`; 0 without classes. */
  constructor(net: Network, { rate, classes }: { rate: number; classes: number }) {
    super();
    this.net = net;
    this.#rate = rate;
    this.#classes = classes;
  }

  forward(x: Tensor, t: Tensor, { cond, y, absent = false, ...others }: Conditions = {}): Tensor {
    const kept = this.#kept(x, absent);
    return this.net.forward(x, t, {
      ...others,
      ...(cond && { cond: this.#marked(cond, kept) }),
      ...(y && { y: kept ? where(kept.gt(0.5), y, y.mul(0).add(this.#classes)) : y }),
    });
  }

  /** 1 for rows with their condition, 0 for others, [B]; null: all have it. */
  #kept({ shape: [n], device }: Tensor, absent: boolean): Tensor | null {
    const size = [n as number];
    if (absent) return zeros(size, { device });
    if (!this.training || this.#rate === 0) return null;
    return dropout(ones(size, { device }), this.#rate, true).gt(0).to("float32");
  }

  #marked(cond: Tensor, kept: Tensor | null): Tensor {
    // From the condition itself, so that an exported graph has no sizes of its own.
    const one = cond.narrow(1, 0, 1).mul(0).add(1);
    const whole = cat([cond, one], { dim: 1 });
    return kept ? whole.mul(spread(kept, whole)) : whole;
  }
}

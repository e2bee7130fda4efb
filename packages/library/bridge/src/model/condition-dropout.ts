// A network trained with and without its condition, for classifier-free guidance (Ho and Salimans 2021).
import { cat, dropout, nn, ones, type Tensor, where, zeros } from "@dsbm/torch";
import type { Conditions } from "../core/conditions.js";
import type { Network } from "../core/network.js";
import { asColumn } from "../process/process.js";

/**
 * Gives the network one more number (or channel) that marks present conditions, and one more class for absent
 * ones. Drops a part `rate` of the conditions in training, and all of them with `conditions.absent`.
 */
export class ConditionDropout extends nn.Module {
  /** The network that gets the marked conditions. */
  net: Network;
  readonly #rate: number;
  readonly #classes: number;
  /** Classes of the data; the network has one more. 0 without classes. */
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

  /** 1 for rows that keep their condition, [B]; null: all. */
  #kept({ shape: [n], device }: Tensor, absent: boolean): Tensor | null {
    const size = [n];
    if (absent) return zeros(size, { device });
    if (!this.training || this.#rate === 0) return null;
    return dropout(ones(size, { device }), this.#rate, true).gt(0).to("float32");
  }

  #marked(cond: Tensor, kept: Tensor | null): Tensor {
    // From the condition itself, so that an exported graph has no fixed sizes.
    const one = cond.narrow(1, 0, 1).mul(0).add(1);
    const whole = cat([cond, one], { dim: 1 });
    return kept ? whole.mul(asColumn(kept, whole)) : whole;
  }
}

// The growth of the drift towards the endpoint is built in, so that layers learn functions of size one.

import type { Conditions, Direction } from "@dsbm/bridge";
import { cat, type Tensor } from "@dsbm/torch";
import type { Sinusoids } from "../unet/time-embedding.js";
import { halfOctaves, VectorNetwork, type VectorOptions } from "./mlp.js";

export interface DriftNetworkOptions extends VectorOptions {
  /** Null: nothing is built in. */
  direction: Direction | null;
}

/**
 * x [B, d], t [B], condition [B, c] → drift [B, d], divided by the square root of the time left, since a Brownian
 * bridge's drift grows like 1/√(1 − t) (f) or 1/√t (b).
 */
export class DriftNetwork extends VectorNetwork {
  /** Embeds the time. */
  time: Sinusoids;
  readonly #direction: Direction | null;
  constructor(
    dim: number,
    { direction, frequencies = 8, hidden = [512, 512], ...options }: DriftNetworkOptions,
  ) {
    super(dim, 0, { hidden, frequencies, ...options });
    this.#direction = direction;
    this.time = halfOctaves(frequencies);
  }
  forward(x: Tensor, t: Tensor, conditions: Conditions = {}): Tensor {
    const point = this.withCondition(x, conditions);
    const output = this.net.forward(cat([point, this.time.forward(t)], { dim: 1 }));
    if (!this.#direction) return output;
    const left = (this.#direction === "f" ? t.rsub(1) : t).clamp({ min: 1e-3 }).reshape([-1, 1]);
    return output.div(left.sqrt());
  }
}

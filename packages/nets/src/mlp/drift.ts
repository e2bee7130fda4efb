// A drift network for vectors of some dozen dimensions. It takes the time as cosines and sines, and the growth of the
// drift towards the end is built in, so that the layers learn functions of size one.

import type { Conditions, Direction } from "@dsbm/bridge";
import { cat, nn, type Tensor, tensor } from "@dsbm/torch";
import type { Seeded } from "../unet/layers.js";
import { Sinusoids } from "../unet/time-embedding.js";
import { MLP, withCondition } from "./mlp.js";

export interface DriftNetworkOptions extends Seeded {
  /** null: nothing is built in. */
  direction: Direction | null;
  hidden?: readonly number[];
  /** Cosines and sines of the time at so many half-octave steps from π/2 on. */
  frequencies?: number;
  /** Numbers of a condition, 0 for none. */
  conditions?: number;
}

/**
 * x [B, d], t [B], condition [B, c] → drift [B, d]: an MLP on point, condition and time features, divided by the square root of the remaining time,
 * because the drift of a Brownian bridge grows like 1/√(1 − t) (f) or 1/√t (b).
 */
export class DriftNetwork extends nn.Module {
  net: MLP;
  time: Sinusoids;
  readonly #direction: Direction | null;
  readonly #conditions: number;
  constructor(
    dim: number,
    {
      direction,
      hidden = [512, 512],
      frequencies = 8,
      conditions = 0,
      generator,
    }: DriftNetworkOptions,
  ) {
    super();
    this.#direction = direction;
    this.#conditions = conditions;
    const angular = Array.from({ length: frequencies }, (_, k) => (Math.PI / 2) * 2 ** (k / 2));
    this.time = new Sinusoids(tensor(angular));
    this.net = new MLP(dim + conditions + 2 * frequencies, [...hidden, dim], { generator });
  }
  forward(x: Tensor, t: Tensor, given: Conditions = {}): Tensor {
    const point = withCondition("DriftNetwork", x, given, this.#conditions);
    const output = this.net.forward(cat([point, this.time.forward(t)], { dim: 1 }));
    if (!this.#direction) return output;
    const left = (this.#direction === "f" ? t.rsub(1) : t).clamp({ min: 1e-3 }).reshape([-1, 1]);
    return output.div(left.sqrt());
  }
}

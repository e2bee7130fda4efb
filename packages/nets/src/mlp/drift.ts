// A drift network for vectors of some dozen dimensions. It takes the time as cosines and sines, and the growth of the
// drift towards the end is built in, so that the layers learn functions of size one.

import type { Direction } from "@dsbm/bridge";
import { Buffer, cat, nn, type Tensor, tensor } from "@dsbm/torch";
import type { Seeded } from "../unet/layers.js";
import { MLP } from "./mlp.js";

/** Cosine and sine of the time [B] at `frequencies` half-octave steps from π/2 on: [B, 2·frequencies]. */
export class TimeFeatures extends nn.Module {
  readonly frequencies: Buffer;
  constructor(frequencies: number) {
    super();
    const angular = Array.from({ length: frequencies }, (_, k) => (Math.PI / 2) * 2 ** (k / 2));
    this.frequencies = new Buffer(tensor(angular), false);
  }
  forward(t: Tensor): Tensor {
    const angles = t.reshape([-1, 1]).mul(this.frequencies);
    return cat([angles.cos(), angles.sin()], { dim: 1 });
  }
}

export interface DriftNetworkOptions extends Seeded {
  direction: Direction;
  hidden?: readonly number[];
  frequencies?: number;
}

/**
 * x [B, d], t [B] → drift [B, d]: an MLP on point and time features, divided by the square root of the remaining time,
 * because the drift of a Brownian bridge grows like 1/√(1 − t) (f) or 1/√t (b).
 */
export class DriftNetwork extends nn.Module {
  net: MLP;
  time: TimeFeatures;
  readonly #direction: Direction;
  constructor(
    dim: number,
    { direction, hidden = [512, 512], frequencies = 8, generator }: DriftNetworkOptions,
  ) {
    super();
    this.#direction = direction;
    this.time = new TimeFeatures(frequencies);
    this.net = new MLP(dim + 2 * frequencies, [...hidden, dim], { generator });
  }
  forward(x: Tensor, t: Tensor): Tensor {
    const left = (this.#direction === "f" ? t.rsub(1) : t).clamp({ min: 1e-3 }).reshape([-1, 1]);
    return this.net.forward(cat([x, this.time.forward(t)], { dim: 1 })).div(left.sqrt());
  }
}

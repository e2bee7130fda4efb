// A drift network for data of a few dozen dimensions: it sees the time as waves and knows how the drift grows
// towards the end, so the layers between learn functions of size one.

import type { Direction } from "@dsbm/bridge";
import { Buffer, cat, type Generator, nn, type Tensor, tensor } from "@dsbm/torch";
import { MLP } from "./mlp.js";

/** Cosine and sine of the time [B] at `frequencies` half-octave steps from π/2 on: [B, 2·frequencies]. */
export class TimeFeatures extends nn.Module {
  readonly frequencies: Buffer;
  constructor(frequencies: number) {
    super();
    const waves = Array.from({ length: frequencies }, (_, k) => (Math.PI / 2) * 2 ** (k / 2));
    this.frequencies = new Buffer(tensor(waves), false);
  }
  forward(t: Tensor): Tensor {
    const angles = t.reshape([-1, 1]).mul(this.frequencies);
    return cat([angles.cos(), angles.sin()], { dim: 1 });
  }
}

/**
 * x [B, d], t [B] → drift [B, d]: an MLP on point and time features, divided by the root of the time that is
 * left, because the drift of a Brownian bridge grows like 1/√(1 − t) (f) or 1/√t (b).
 */
export class DriftNetwork extends nn.Module {
  net: MLP;
  time: TimeFeatures;
  readonly #direction: Direction;
  constructor(
    dim: number,
    {
      direction,
      hidden = [512, 512],
      frequencies = 8,
      generator,
    }: {
      direction: Direction;
      hidden?: readonly number[];
      frequencies?: number;
      generator?: Generator;
    },
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

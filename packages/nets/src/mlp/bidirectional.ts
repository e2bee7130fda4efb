// The network of vectors that serves both directions of a bridge: the direction is an input beside the time.

import { type Conditions, isOneTime } from "@dsbm/bridge";
import { cat, nn, type Tensor, tensor } from "@dsbm/torch";
import { wrongFor } from "../unet/keys.js";
import type { Seeded } from "../unet/layers.js";
import { Sinusoids } from "../unet/time-embedding.js";
import { MLP, withCondition } from "./mlp.js";

export interface BidirectionalOptions extends Seeded {
  hidden?: readonly number[];
  /** Cosines and sines of the time at so many half-octave steps from π/2 on, beside the time itself. */
  frequencies?: number;
  /** Numbers of a condition, 0 for none. */
  conditions?: number;
}

/**
 * x [B, d], condition [B, c], t [B] and a direction [B] (1 forward, 0 backward) → [B, d]: an MLP on all of them side by
 * side.
 */
export class BidirectionalNetwork extends nn.Module {
  net: MLP;
  time: Sinusoids | null;
  readonly #conditions: number;
  constructor(
    dim: number,
    { hidden = [256, 256], frequencies = 0, conditions = 0, generator }: BidirectionalOptions = {},
  ) {
    super();
    this.#conditions = conditions;
    const angular = Array.from({ length: frequencies }, (_, k) => (Math.PI / 2) * 2 ** (k / 2));
    this.time = angular.length > 0 ? new Sinusoids(tensor(angular)) : null;
    this.net = new MLP(dim + conditions + 2 * frequencies + 2, [...hidden, dim], { generator });
  }
  /** Throws a BridgeError without a direction. */
  forward(x: Tensor, t: Tensor, { direction, ...given }: Conditions = {}): Tensor {
    const point = withCondition("BidirectionalNetwork", x, given, this.#conditions);
    if (!direction)
      throw wrongFor("BidirectionalNetwork")("it needs a direction, 1 forward or 0 backward");
    const beside = (times: Tensor, way: Tensor) => {
      const plain = [times.reshape([-1, 1]), way.reshape([-1, 1])];
      return cat(this.time ? [this.time.forward(times), ...plain] : plain, { dim: 1 });
    };
    if (!isOneTime(t)) return this.net.forward(cat([point, beside(t, direction)], { dim: 1 }));
    const first = (y: Tensor) => y.narrow(0, 0, 1);
    return this.net.forward(point, beside(first(t), first(direction)).squeeze(0));
  }
}

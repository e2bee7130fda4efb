import { type Conditions, isOneTime } from "@dsbm/bridge";
import { cat, type Tensor } from "@dsbm/torch";
import { wrongFor } from "../unet/keys.js";
import type { Sinusoids } from "../unet/time-embedding.js";
import { halfOctaves, VectorNetwork, type VectorOptions } from "./mlp.js";

/** x [B, d], condition [B, c], t [B] and a direction [B] (1 forward, 0 backward) → [B, d]. */
export class BidirectionalNetwork extends VectorNetwork {
  time: Sinusoids | null;
  constructor(dim: number, options: VectorOptions = {}) {
    super(dim, 2, options);
    const { frequencies = 0 } = options;
    this.time = frequencies > 0 ? halfOctaves(frequencies) : null;
  }
  /** Throws a BridgeError without a direction. */
  forward(x: Tensor, t: Tensor, { direction, ...conditions }: Conditions = {}): Tensor {
    const point = this.withCondition(x, conditions);
    if (!direction)
      throw wrongFor("BidirectionalNetwork")("it needs a direction, 1 forward or 0 backward");
    const extra = (times: Tensor, way: Tensor) => {
      const plain = [times.reshape([-1, 1]), way.reshape([-1, 1])];
      return cat(this.time ? [this.time.forward(times), ...plain] : plain, { dim: 1 });
    };
    if (!isOneTime(t)) return this.net.forward(cat([point, extra(t, direction)], { dim: 1 }));
    const first = (y: Tensor) => y.narrow(0, 0, 1);
    return this.net.forward(point, extra(first(t), first(direction)).squeeze(0));
  }
}

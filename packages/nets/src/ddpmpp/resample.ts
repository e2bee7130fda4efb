// The layers that change the resolution between DDPM blocks and along pyramids of features.
import { conv2d, nn, pad, type Tensor } from "@dsbm/torch";
import { DoubledConv2d, doubled, halved } from "../unet/resample.js";
import type { Fir, Resampling } from "./fir.js";
import { type Scaled, scaled } from "./layers.js";

/** Means over 2×2 pixels, and pixels repeated. */
export const plain: Resampling = { halved, doubled };

export interface ResampleOptions extends Scaled {
  fir: Fir | null;
  resample: "down" | "up";
  /** Whether to convolve. */
  conv: boolean;
}

/**
 * [B, from, H, W] → [B, to, H′, W′] at half or twice the resolution; parameters `Conv_0.…`, or `Conv2d_0.…` with a
 * filter; none without a convolution, which then keeps the channels.
 */
export class Resample extends nn.Module {
  Conv_0: nn.Conv2d | null = null;
  Conv2d_0: nn.Conv2d | null = null;
  readonly #run: (x: Tensor) => Tensor;

  constructor(from: number, to: number, { fir, resample, conv, ...start }: ResampleOptions) {
    super();
    const down = resample === "down";
    const way = fir ?? plain;
    if (!conv) {
      this.#run = (x) => (down ? way.halved(x) : way.doubled(x));
      return;
    }
    const doubling = !down && !fir;
    const layer = scaled(
      doubling ? new DoubledConv2d(from, to, start) : new nn.Conv2d(from, to, 3, start),
      start,
    );
    this[fir ? "Conv2d_0" : "Conv_0"] = layer;
    if (doubling) this.#run = (x) => layer.forward(x);
    else if (fir)
      this.#run = (x) => (down ? fir.convolvedDown(x, layer) : fir.convolvedUp(x, layer));
    // Each window starts at the upper left of its 2×2 pixels.
    else
      this.#run = (x) =>
        conv2d(pad(x, [0, 1, 0, 1]), layer.weight, { bias: layer.bias, stride: 2 });
  }

  forward(x: Tensor): Tensor {
    return this.#run(x);
  }
}

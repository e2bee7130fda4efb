// The layers that change the resolution between DDPM blocks and along pyramids of features.
import { conv2d, nn, pad, type Tensor } from "@dsbm/torch";
import { DoubledConv2d, doubled, halved } from "../unet/resample.js";
import { type Fir, FirConv2d, type Resampling } from "./fir.js";
import { type Scaled, scaled } from "./layers.js";

/** Means over 2×2 pixels, and pixels repeated. */
export const plain: Resampling = { halved, doubled };

/** A 3×3 convolution of stride 2, each window starting at the upper left of its 2×2 pixels. */
class HalvingConv2d extends nn.Conv2d {
  constructor(from: number, to: number, start: Scaled) {
    super(from, to, 3, start);
  }
  override forward(x: Tensor): Tensor {
    return conv2d(pad(x, [0, 1, 0, 1]), this.weight, { bias: this.bias, stride: 2 });
  }
}

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
  Conv2d_0: FirConv2d | null = null;
  readonly #plain: (x: Tensor) => Tensor;

  constructor(from: number, to: number, { fir, resample, conv, ...start }: ResampleOptions) {
    super();
    const way = fir ?? plain;
    this.#plain = resample === "down" ? (x) => way.halved(x) : (x) => way.doubled(x);
    if (!conv) return;
    const Layer = resample === "down" ? HalvingConv2d : DoubledConv2d;
    if (fir) this.Conv2d_0 = new FirConv2d(from, to, { fir, resample, ...start });
    else this.Conv_0 = scaled(new Layer(from, to, start), start);
  }

  forward(x: Tensor): Tensor {
    const conv = this.Conv_0 ?? this.Conv2d_0;
    return conv ? conv.forward(x) : this.#plain(x);
  }
}

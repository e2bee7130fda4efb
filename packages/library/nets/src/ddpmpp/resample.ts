// The layers that change the resolution between DDPM blocks and along pyramids of features, plainly or through a low-pass
// filter, which prevents aliasing (StyleGAN2's resampling, as in Song 2021): depthwise convolutions of stride 2.
import { Buffer, conv2d, convTranspose2d, nn, pad, type Tensor, tensor, tidy } from "@dsbm/torch";
import { DoubledConv2d, doubled, halved } from "../unet/resample.js";
import { type Scaled, scaled } from "./layers.js";

/** A way to halve and to double the resolution of x [B, C, H, W], H and W even. */
export interface Resampling {
  halved(x: Tensor): Tensor;
  doubled(x: Tensor): Tensor;
}

/** A separable filter with the given taps (two or more) along each side, scaled to sum 1; zeros beyond the borders. */
export class Fir extends nn.Module implements Resampling {
  /** The outer product of the taps with themselves, mirrored (`conv2d` is a correlation): [1, 1, n, n]. */
  readonly kernel: Buffer;
  readonly #taps: number;

  constructor(taps: readonly number[]) {
    super();
    this.#taps = taps.length;
    this.kernel = tidy(() => {
      const side = tensor([...taps].reverse(), { dtype: "float64" });
      const square = side.div(side.sum()).unsqueeze(1).mul(side.div(side.sum()));
      return new Buffer(square.to("float32").reshape([1, 1, taps.length, taps.length]), false);
    });
  }

  /** [B, C, H, W] → [B, C, H/2, W/2]: filtered, every second pixel kept. */
  halved(x: Tensor): Tensor {
    const channels = x.size(1);
    const padding = Math.floor((this.#taps - 1) / 2);
    return conv2d(x, this.#depthwise(channels), { stride: 2, padding, groups: channels });
  }

  /** [B, C, H, W] → [B, C, 2H, 2W]: zeros inserted between the pixels, filtered, times 4. */
  doubled(x: Tensor): Tensor {
    const channels = x.size(1);
    const padding = Math.ceil((this.#taps - 1) / 2) - 1;
    const kernel = this.#depthwise(channels).flip([2, 3]).mul(4);
    return cropped(convTranspose2d(x, kernel, { stride: 2, padding, groups: channels }), x);
  }

  /** Filtered, then a 3×3 convolution at every second pixel: [B, from, H, W] → [B, to, H/2, W/2]. */
  convolvedDown(x: Tensor, { weight, bias }: nn.Conv2d): Tensor {
    const channels = x.size(1);
    const padding = Math.floor((this.#taps + 1) / 2);
    const smooth = conv2d(x, this.#depthwise(channels), { padding, groups: channels });
    return conv2d(smooth, weight, { bias, stride: 2 });
  }

  /**
   * Zeros inserted between the pixels, a 3×3 convolution, then the filter: [B, from, H, W] → [B, to, 2H, 2W]. Away
   * from the borders, filter and convolution can be exchanged, and this is the convolution of `doubled`.
   */
  convolvedUp(x: Tensor, { weight, bias }: nn.Conv2d): Tensor {
    const [channels] = weight.shape as [number];
    const rough = convTranspose2d(x, weight.transpose(0, 1).flip([2, 3]), { stride: 2 });
    const padding = Math.floor((this.#taps - 1) / 2);
    const kernel = this.#depthwise(channels).mul(4);
    return cropped(conv2d(rough, kernel, { bias, padding, groups: channels }), x);
  }

  /** The same kernel for each channel: [C, 1, n, n]. */
  #depthwise(channels: number): Tensor {
    return this.kernel.expand([channels, 1, this.#taps, this.#taps]);
  }

  forward(x: Tensor): Tensor {
    return this.halved(x);
  }
}

/** The result at twice the size of x: with an odd number of taps, there is a row and a column too many at the end. */
function cropped(result: Tensor, x: Tensor): Tensor {
  const [height, width] = [2 * x.size(2), 2 * x.size(3)];
  const fits = result.size(2) === height && result.size(3) === width;
  return fits ? result : result.narrow(2, 0, height).narrow(3, 0, width);
}

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

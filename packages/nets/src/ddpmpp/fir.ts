// Changing the resolution through a low-pass filter, which keeps what lies between the pixels of the coarser grid from
// turning into patterns (StyleGAN2's resampling, as in Song 2021): depthwise convolutions of stride 2.
import {
  Buffer,
  conv2d,
  convTranspose2d,
  nn,
  type Parameter,
  type Tensor,
  tensor,
  tidy,
} from "@dsbm/torch";
import { type Scaled, scaled } from "./layers.js";

/** A way to halve and to double the resolution of x [B, C, H, W], H and W even. */
export interface Resampling {
  halved(x: Tensor): Tensor;
  doubled(x: Tensor): Tensor;
}

/** A separable filter of the given taps (two or more) along each side, brought to sum 1; zeros lie beyond the borders. */
export class Fir extends nn.Module implements Resampling {
  /** The outer product of the taps with themselves, mirrored (what `conv2d` correlates with): [1, 1, n, n]. */
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

  /** [B, C, H, W] → [B, C, 2H, 2W]: zeros put between the pixels, filtered, brought back to size by a factor of 4. */
  doubled(x: Tensor): Tensor {
    const [, channels, height, width] = x.shape as [number, number, number, number];
    const padding = Math.ceil((this.#taps - 1) / 2) - 1;
    const kernel = this.#depthwise(channels).flip([2, 3]).mul(4);
    const options = { stride: 2, padding, groups: channels };
    return cropped(convTranspose2d(x, kernel, options), 2 * height, 2 * width);
  }

  /** Filtered, then a 3×3 convolution at every second pixel: [B, from, H, W] → [B, to, H/2, W/2]. */
  convolvedDown(x: Tensor, { weight, bias }: Weights): Tensor {
    const channels = x.size(1);
    const padding = Math.floor((this.#taps + 1) / 2);
    const smooth = conv2d(x, this.#depthwise(channels), { padding, groups: channels });
    return conv2d(smooth, weight, { bias, stride: 2 });
  }

  /**
   * Zeros put between the pixels, a 3×3 convolution, then the filter: [B, from, H, W] → [B, to, 2H, 2W]. Away from the
   * borders, filter and convolution change places, and this is the convolution of `doubled`.
   */
  convolvedUp(x: Tensor, { weight, bias }: Weights): Tensor {
    const [, , height, width] = x.shape as [number, number, number, number];
    const [channels] = weight.shape as [number];
    const rough = convTranspose2d(x, weight.transpose(0, 1).flip([2, 3]), { stride: 2 });
    const padding = Math.floor((this.#taps - 1) / 2);
    const kernel = this.#depthwise(channels).mul(4);
    const all = conv2d(rough, kernel, { bias, padding, groups: channels });
    return cropped(all, 2 * height, 2 * width);
  }

  /** One and the same kernel for each channel: [C, 1, n, n]. */
  #depthwise(channels: number): Tensor {
    return this.kernel.expand([channels, 1, this.#taps, this.#taps]);
  }

  forward(x: Tensor): Tensor {
    return this.halved(x);
  }
}

/** With an odd number of taps there is a row and a column too many at the end. */
function cropped(x: Tensor, height: number, width: number): Tensor {
  return x.size(2) === height && x.size(3) === width
    ? x
    : x.narrow(2, 0, height).narrow(3, 0, width);
}

interface Weights {
  weight: Parameter;
  bias: Parameter | null;
}

/** A 3×3 convolution joined with the filter's halving or doubling; parameters of Conv2d. */
export class FirConv2d extends nn.Conv2d {
  readonly #fir: Fir;
  readonly #resample: "down" | "up";
  constructor(
    from: number,
    to: number,
    { fir, resample, ...start }: { fir: Fir; resample: "down" | "up" } & Scaled,
  ) {
    super(from, to, 3, start);
    scaled(this, start);
    this.#fir = fir;
    this.#resample = resample;
  }
  override forward(x: Tensor): Tensor {
    return this.#resample === "down"
      ? this.#fir.convolvedDown(x, this)
      : this.#fir.convolvedUp(x, this);
  }
}

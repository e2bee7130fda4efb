// Resampling, plain or through an anti-aliasing low-pass filter (StyleGAN2, Song 2021).
import { Buffer, conv2d, convTranspose2d, nn, pad, type Tensor, tensor, tidy } from "@dsbm/torch";
import { DoubledConv2d, doubleSides, halveSides } from "../unet/resample.js";
import { type ScaledStart, withScale } from "./layers.js";

/** Halves and doubles x [B, C, H, W], H and W even. */
interface Resampling {
  halved(x: Tensor): Tensor;
  doubled(x: Tensor): Tensor;
}

/** A separable filter with two or more taps, scaled to sum 1; zeros beyond the borders. */
export class Fir extends nn.Module implements Resampling {
  /** Mirrored, since `conv2d` is a correlation: [1, 1, n, n]. */
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

  /** [B, C, H, W] → [B, C, H/2, W/2]. */
  halved(x: Tensor): Tensor {
    const channels = x.size(1);
    const padding = Math.floor((this.#taps - 1) / 2);
    return conv2d(x, this.#depthwise(channels), { stride: 2, padding, groups: channels });
  }

  /** [B, C, H, W] → [B, C, 2H, 2W]: zeros between pixels, filtered, times 4. */
  doubled(x: Tensor): Tensor {
    const channels = x.size(1);
    const padding = Math.ceil((this.#taps - 1) / 2) - 1;
    const kernel = this.#depthwise(channels).flip([2, 3]).mul(4);
    return doubledCrop(convTranspose2d(x, kernel, { stride: 2, padding, groups: channels }), x);
  }

  /** Filtered, then a 3×3 convolution of stride 2: [B, from, H, W] → [B, to, H/2, W/2]. */
  convolvedDown(x: Tensor, { weight, bias }: nn.Conv2d): Tensor {
    const channels = x.size(1);
    const padding = Math.floor((this.#taps + 1) / 2);
    const smooth = conv2d(x, this.#depthwise(channels), { padding, groups: channels });
    return conv2d(smooth, weight, { bias, stride: 2 });
  }

  /** Zeros between pixels, a 3×3 convolution, then the filter: [B, from, H, W] → [B, to, 2H, 2W]. */
  convolvedUp(x: Tensor, { weight, bias }: nn.Conv2d): Tensor {
    const [channels] = weight.shape as [number];
    const rough = convTranspose2d(x, weight.transpose(0, 1).flip([2, 3]), { stride: 2 });
    const padding = Math.floor((this.#taps - 1) / 2);
    const kernel = this.#depthwise(channels).mul(4);
    return doubledCrop(conv2d(rough, kernel, { bias, padding, groups: channels }), x);
  }

  #depthwise(channels: number): Tensor {
    return this.kernel.expand([channels, 1, this.#taps, this.#taps]);
  }

  forward(x: Tensor): Tensor {
    return this.halved(x);
  }
}

function doubledCrop(result: Tensor, x: Tensor): Tensor {
  const height = 2 * x.size(2);
  const width = 2 * x.size(3);
  const fits = result.size(2) === height && result.size(3) === width;
  return fits ? result : result.narrow(2, 0, height).narrow(3, 0, width);
}

/** Means over 2×2 pixels, and pixels repeated. */
export const plainResampling: Resampling = { halved: halveSides, doubled: doubleSides };

interface FilteredResampleOptions extends ScaledStart {
  fir: Fir | null;
  resample: "down" | "up";
  conv: boolean;
}

/**
 * [B, from, H, W] → [B, to, H′, W′] at half or twice the resolution; parameters `Conv_0.…`, or `Conv2d_0.…` with a
 * filter.
 */
export class Resample extends nn.Module {
  Conv_0: nn.Conv2d | null = null;
  Conv2d_0: nn.Conv2d | null = null;
  readonly #run: (x: Tensor) => Tensor;

  constructor(
    from: number,
    to: number,
    { fir, resample, conv, ...start }: FilteredResampleOptions,
  ) {
    super();
    const down = resample === "down";
    const way = fir ?? plainResampling;
    if (!conv) {
      this.#run = (x) => (down ? way.halved(x) : way.doubled(x));
      return;
    }
    const doubling = !down && !fir;
    const layer = withScale(
      doubling ? new DoubledConv2d(from, to, start) : new nn.Conv2d(from, to, 3, start),
      start,
    );
    this[fir ? "Conv2d_0" : "Conv_0"] = layer;
    if (doubling) this.#run = (x) => layer.forward(x);
    else if (fir)
      this.#run = (x) => (down ? fir.convolvedDown(x, layer) : fir.convolvedUp(x, layer));
    // Windows start at the upper left of their 2×2 pixels.
    else
      this.#run = (x) =>
        conv2d(pad(x, [0, 1, 0, 1]), layer.weight, { bias: layer.bias, stride: 2 });
  }

  forward(x: Tensor): Tensor {
    return this.#run(x);
  }
}

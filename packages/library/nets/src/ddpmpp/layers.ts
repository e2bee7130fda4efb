import {
  Buffer,
  cat,
  conv2d,
  convTranspose2d,
  empty,
  nn,
  Parameter,
  pad,
  scaledDotProductAttention,
  type Tensor,
  tensor,
  tidy,
} from "@dsbm/torch";
import { wrongFor } from "../unet/keys.js";
import {
  addEmbedding,
  conv3x3,
  PointwiseConv2d,
  pointwise,
  type Seeded,
  silu,
} from "../unet/layers.js";
import { DoubledConv2d, doubled, halved } from "../unet/resample.js";

/** Initial weights: uniform, with variance `scale` over the mean of fan-in and fan-out; biases are 0. */
interface Scaled extends Seeded {
  scale?: number;
}

/** A scale of 0 is 1e-10, so that gradients reach the layers before. */
function scaled<T extends nn.Linear | nn.Conv2d>(layer: T, { scale = 1, generator }: Scaled): T {
  nn.init.xavierUniform_(layer.weight, { gain: Math.sqrt(scale || 1e-10), generator });
  nn.init.zeros_(layer.bias);
  return layer;
}

export const conv3 = (from: number, to: number, start: Scaled): nn.Conv2d =>
  scaled(conv3x3(from, to, start), start);
const conv1 = (from: number, to: number, start: Scaled): PointwiseConv2d =>
  scaled(new PointwiseConv2d(from, to, start), start);
export const dense = (from: number, to: number, start: Scaled): nn.Linear =>
  scaled(new nn.Linear(from, to, start), start);

/** GroupNorm in groups of 4, at most 32 groups. Throws a BridgeError for other channels. */
export function groupNorm(channels: number): nn.GroupNorm {
  const groups = Math.min(Math.floor(channels / 4), 32);
  if (groups === 0 || channels % groups !== 0)
    throw wrongFor("DDPMpp")(
      `nf and ch_mult give a normalisation of ${channels} channels; expected a multiple of ${channels < 128 ? 4 : 32} (up to 128 channels groups have 4, above there are 32 groups): choose another nf, such as a multiple of 32`,
    );
  return new nn.GroupNorm(groups, channels, { eps: 1e-6 });
}

/** (a + b), over √2 with `rescale`; overwrites `a`. */
export function sumOf(a: Tensor, b: Tensor, rescale: boolean): Tensor {
  const sum = a.add_(b);
  return rescale ? sum.mul_(Math.SQRT1_2) : sum;
}

/** "Network in network": Wᵀx + b for every pixel, [B, from, …] → [B, to, …]; W [from, to], b [to]. */
export class NIN extends nn.Module {
  W: Parameter;
  b: Parameter;
  constructor(from: number, to: number, { scale = 0.1, generator }: Scaled = {}) {
    super();
    const gain = Math.sqrt(scale || 1e-10);
    this.W = new Parameter(nn.init.xavierUniform_(empty([from, to]), { gain, generator }));
    this.b = new Parameter(nn.init.zeros_(empty([to])));
  }
  forward(x: Tensor): Tensor {
    return pointwise(this, x, { weight: this.W.t(), bias: this.b });
  }
  /** For rows of channels: [B, n, from] → [B, n, to]. */
  rows(x: Tensor): Tensor {
    const [from, to] = this.W.shape as [number, number];
    return this.b.baddbmm(x, this.W.expand([x.size(0), from, to]));
  }
}

interface AttentionOptions extends Seeded {
  skip_rescale: boolean;
  init_scale: number;
}

/** x [B, C, H, W] plus single-head attention of each pixel to all pixels. */
export class AttnBlock extends nn.Module {
  GroupNorm_0: nn.GroupNorm;
  NIN_0: NIN;
  NIN_1: NIN;
  NIN_2: NIN;
  NIN_3: NIN;
  readonly #rescale: boolean;

  constructor(channels: number, { skip_rescale, init_scale, generator }: AttentionOptions) {
    super();
    this.#rescale = skip_rescale;
    this.GroupNorm_0 = groupNorm(channels);
    this.NIN_0 = new NIN(channels, channels, { generator });
    this.NIN_1 = new NIN(channels, channels, { generator });
    this.NIN_2 = new NIN(channels, channels, { generator });
    this.NIN_3 = new NIN(channels, channels, { scale: init_scale, generator });
  }

  forward(x: Tensor): Tensor {
    const [n, c] = x.shape as [number, number];
    const rows = this.GroupNorm_0.forward(x).reshape([n, c, -1]).transpose(1, 2);
    const [q, k, v] = [this.NIN_0, this.NIN_1, this.NIN_2].map((map) =>
      map.rows(rows).unsqueeze(1),
    ) as [Tensor, Tensor, Tensor];
    const attended = scaledDotProductAttention(q, k, v).squeeze(1).transpose(1, 2);
    return sumOf(this.NIN_3.forward(attended).reshape(x.shape), x, this.#rescale);
  }
}

/** A smaller copy of the input [B, from, H, W] and h [B, to, H, W]: a 1×1 convolution, then a sum or `cat`. */
export class Combine extends nn.Module {
  Conv_0: PointwiseConv2d;
  readonly #method: "sum" | "cat";
  constructor(from: number, to: number, { method, ...seed }: { method: "sum" | "cat" } & Seeded) {
    super();
    this.#method = method;
    this.Conv_0 = conv1(from, to, seed);
  }
  forward(copy: Tensor, h: Tensor): Tensor {
    const features = this.Conv_0.forward(copy);
    return this.#method === "cat" ? cat([features, h], { dim: 1 }) : features.add_(h);
  }
}

// Resampling, plain or through an anti-aliasing low-pass filter (StyleGAN2, Song 2021).

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
    return cropped(convTranspose2d(x, kernel, { stride: 2, padding, groups: channels }), x);
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
    return cropped(conv2d(rough, kernel, { bias, padding, groups: channels }), x);
  }

  #depthwise(channels: number): Tensor {
    return this.kernel.expand([channels, 1, this.#taps, this.#taps]);
  }

  forward(x: Tensor): Tensor {
    return this.halved(x);
  }
}

function cropped(result: Tensor, x: Tensor): Tensor {
  const height = 2 * x.size(2);
  const width = 2 * x.size(3);
  const fits = result.size(2) === height && result.size(3) === width;
  return fits ? result : result.narrow(2, 0, height).narrow(3, 0, width);
}

/** Means over 2×2 pixels, and pixels repeated. */
export const plain: Resampling = { halved, doubled };

interface FilteredResampleOptions extends Scaled {
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
    // Windows start at the upper left of their 2×2 pixels.
    else
      this.#run = (x) =>
        conv2d(pad(x, [0, 1, 0, 1]), layer.weight, { bias: layer.bias, stride: 2 });
  }

  forward(x: Tensor): Tensor {
    return this.#run(x);
  }
}

interface DDPMBlockOptions extends Seeded {
  resblock_type: "biggan" | "ddpm";
  embedding: number;
  dropout: number;
  skip_rescale: boolean;
  init_scale: number;
  fir: Fir | null;
  /** After the first activation and on the shortcut. */
  resample?: "down" | "up";
}

/** x [B, from, H, W], activated embedding [B, e] → [B, to, H′, W′]. */
export class DDPMBlock extends nn.Module {
  GroupNorm_0: nn.GroupNorm;
  Conv_0: nn.Conv2d;
  Dense_0: nn.Linear;
  GroupNorm_1: nn.GroupNorm;
  Dropout_0: nn.Dropout;
  Conv_1: nn.Conv2d;
  /** The shortcut if channels or resolution change: BigGAN's, or DDPM's. */
  Conv_2: PointwiseConv2d | null = null;
  NIN_0: NIN | null = null;
  readonly #rescale: boolean;
  readonly #resampled: { h: (x: Tensor) => Tensor; x: (x: Tensor) => Tensor };

  constructor(from: number, to: number, options: DDPMBlockOptions) {
    super();
    const { resblock_type, embedding, dropout, fir, resample, generator } = options;
    const seed = { generator };
    const way = fir ?? plain;
    const same = (x: Tensor) => x;
    const change = { down: (x: Tensor) => way.halved(x), up: (x: Tensor) => way.doubled(x) };
    // Without a filter, the convolution itself doubles the resolution.
    const doubling = resample === "up" && !fir;
    this.#rescale = options.skip_rescale;
    this.#resampled = {
      h: resample && !doubling ? change[resample] : same,
      x: resample ? change[resample] : same,
    };
    this.GroupNorm_0 = groupNorm(from);
    this.Conv_0 = doubling
      ? scaled(new DoubledConv2d(from, to, seed), seed)
      : conv3(from, to, seed);
    this.Dense_0 = dense(embedding, to, seed);
    this.GroupNorm_1 = groupNorm(to);
    this.Dropout_0 = new nn.Dropout(dropout);
    this.Conv_1 = conv3(to, to, { scale: options.init_scale, generator });
    if (from === to && !resample) return;
    if (resblock_type === "biggan") this.Conv_2 = conv1(from, to, seed);
    else this.NIN_0 = new NIN(from, to, seed);
  }

  /** `emb` is activated once for all blocks. */
  forward(x: Tensor, emb: Tensor): Tensor {
    let h = this.Conv_0.forward(this.#resampled.h(silu(this.GroupNorm_0.forward(x))));
    h = addEmbedding(h, this.Dense_0, emb);
    h = this.Dropout_0.forward(silu(this.GroupNorm_1.forward(h)));
    h = this.Conv_1.forward(h);
    const shortcut = this.Conv_2 ?? this.NIN_0;
    const resampled = this.#resampled.x(x);
    return sumOf(h, shortcut ? shortcut.forward(resampled) : resampled, this.#rescale);
  }
}

// Layers of DDPM++: convolutions with its initial weights, "network in network", attention and sums.
import { cat, empty, nn, Parameter, scaledDotProductAttention, type Tensor } from "@dsbm/torch";
import { wrongFor } from "../unet/keys.js";
import { conv3x3, PointwiseConv2d, pointwise, type Seeded } from "../unet/layers.js";

/** Initial weights: uniform, with variance `scale` over the mean of fan-in and fan-out; biases are 0. */
export interface ScaledStart extends Seeded {
  scale?: number;
}

/** A scale of 0 is 1e-10, so that gradients reach the layers before. */
export function withScale<T extends nn.Linear | nn.Conv2d>(
  layer: T,
  { scale = 1, generator }: ScaledStart,
): T {
  nn.init.xavierUniform_(layer.weight, { gain: Math.sqrt(scale || 1e-10), generator });
  nn.init.zeros_(layer.bias);
  return layer;
}

/** A 3×3 convolution with these initial weights: [B, from, H, W] → [B, to, H, W]. */
export const conv3 = (from: number, to: number, start: ScaledStart): nn.Conv2d =>
  withScale(conv3x3(from, to, start), start);
/** A 1×1 convolution with these initial weights: [B, from, H, W] → [B, to, H, W]. */
export const conv1 = (from: number, to: number, start: ScaledStart): PointwiseConv2d =>
  withScale(new PointwiseConv2d(from, to, start), start);
/** A fully connected layer with these initial weights: [B, from] → [B, to]. */
export const denseLayer = (from: number, to: number, start: ScaledStart): nn.Linear =>
  withScale(new nn.Linear(from, to, start), start);

/**
 * GroupNorm in groups of 4, at most 32 groups.
 * @throws {BridgeError} for other channels.
 */
export function groupNorm(channels: number): nn.GroupNorm {
  const groups = Math.min(Math.floor(channels / 4), 32);
  if (groups === 0 || channels % groups !== 0)
    throw wrongFor("DDPMpp")(
      `nf and ch_mult give a normalisation of ${channels} channels; expected a multiple of ${channels < 128 ? 4 : 32} (up to 128 channels groups have 4, above there are 32 groups): choose another nf, such as a multiple of 32`,
    );
  return new nn.GroupNorm(groups, channels, { eps: 1e-6 });
}

/** a + b [B, C, H, W] of one shape, over √2 with `rescale`; overwrites `a`. */
export function residualSum(a: Tensor, b: Tensor, rescale: boolean): Tensor {
  const sum = a.add_(b);
  return rescale ? sum.mul_(Math.SQRT1_2) : sum;
}

/** "Network in network": Wᵀx + b for every pixel, [B, from, …] → [B, to, …]; W [from, to], b [to]. */
export class NIN extends nn.Module {
  W: Parameter;
  b: Parameter;
  constructor(from: number, to: number, { scale = 0.1, generator }: ScaledStart = {}) {
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
    return residualSum(this.NIN_3.forward(attended).reshape(x.shape), x, this.#rescale);
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

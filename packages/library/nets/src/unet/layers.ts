// Shared layers; 1×1 convolutions are matrix products, which take half the time.
import {
  arange,
  Buffer,
  cat,
  type Generator,
  gradEnabled,
  nn,
  type Tensor,
  tidy,
} from "@dsbm/torch";

/** The random stream of the initial weights. */
export interface Seeded {
  /** Default: the default generator. */
  generator?: Generator | undefined;
}

/** The random stream and the values beyond the edges of images. */
export type Padded = Pick<nn.ConvOptions, "generator" | "paddingMode">;

/** The block around it then starts as the identity. */
export function zeroConv<T extends nn.Conv1d | nn.Conv2d>(conv: T): T {
  nn.init.zeros_(conv.weight);
  nn.init.zeros_(conv.bias);
  return conv;
}

/** A 3×3 convolution that keeps height and width. */
export const conv3x3 = (from: number, to: number, start: Padded): nn.Conv2d =>
  new nn.Conv2d(from, to, 3, { padding: 1, ...start });

/** SiLU elementwise; overwrites its argument without gradients. */
export function silu(x: Tensor): Tensor {
  return gradEnabled() ? x.silu() : x.silu_();
}

/** The result of a part of a network, of any size; without gradients its other tensors are freed at once. */
export function tidyWithoutGrad(part: () => Tensor): Tensor {
  return gradEnabled() ? part() : tidy(part);
}

/** h [B, C, H, W], overwritten, plus the embedding's number for each channel. */
export function addEmbedding(h: Tensor, dense: nn.Linear, emb: Tensor): Tensor {
  const shift = dense.forward(emb);
  return h.add_(shift.reshape([...shift.shape, 1, 1]));
}

/** The same images [B, C, H, W] with channels next to each other in memory, as convolutions and norms want them. */
export function channelsLast(x: Tensor): Tensor {
  return x.to({ memoryFormat: "channelsLast" });
}

/** W x + b for every pixel: weight [to, from, 1, …], bias [to], x [B, from, …] → [B, to, …]. */
export function pointwise(
  layer: nn.Module,
  x: Tensor,
  { weight, bias }: Record<"weight" | "bias", Tensor>,
): Tensor {
  const [n, from, ...size] = x.shape as [number, number, ...number[]];
  const to = weight.size(0);
  const rows = x.reshape([n, from, -1]).transpose(1, 2).reshape([-1, from]);
  const out = nn.affine(layer, rows, { weight: weight.reshape([to, from]), bias });
  return out
    .reshape([n, -1, to])
    .transpose(1, 2)
    .reshape([n, to, ...size]);
}

/** A 1×1 convolution with bias; parameters of Conv2d. */
export class PointwiseConv2d extends nn.Conv2d {
  constructor(from: number, to: number, { generator }: Seeded = {}) {
    super(from, to, 1, { generator });
  }
  override forward(x: Tensor): Tensor {
    return pointwise(this, x, this);
  }
}

/** t [B] → [B, 2k]: cosines of t·ωᵢ, then sines (or the reverse with `sineFirst`). */
export class Sinusoids extends nn.Module {
  readonly frequencies: Buffer;
  readonly #sineFirst: boolean;
  constructor(frequencies: Tensor, { sineFirst = false }: { sineFirst?: boolean } = {}) {
    super();
    this.frequencies = new Buffer(frequencies, false);
    this.#sineFirst = sineFirst;
  }
  forward(t: Tensor): Tensor {
    const angles = t.reshape([-1, 1]).mul(this.frequencies);
    const c = angles.cos();
    const s = angles.sin();
    return cat(this.#sineFirst ? [s, c] : [c, s], { dim: 1 });
  }
}

/** t [B] → [B, dim] with ωᵢ = 10000^(−i/(half − 1)); an odd last column is 0. */
export class TimeEmbedding extends Sinusoids {
  constructor(
    private readonly dim: number,
    options: { sineFirst?: boolean } = {},
  ) {
    const half = Math.floor(dim / 2);
    const exponents = () =>
      arange(0, half)
        .mul(-Math.log(10000))
        .div(half - 1);
    super(
      tidy(() => exponents().exp()),
      options,
    );
  }
  override forward(t: Tensor): Tensor {
    const waves = super.forward(t);
    return this.dim % 2 === 0 ? waves : cat([waves, t.newZeros([t.numel, 1])], { dim: 1 });
  }
}

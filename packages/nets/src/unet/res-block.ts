// The residual block of a UNet, which the time steers.
import { groupNorm, nn, type Tensor } from "@dsbm/torch";
import { DoubledConv2d } from "./doubled-conv.js";
import { conv3x3, type Padded, type Seeded, silu, zeroed } from "./layers.js";
import { PointwiseConv2d } from "./pointwise.js";
import { doubled, halved } from "./resample.js";

export interface ResBlockOptions extends Seeded, Padded {
  /** Channels of the time's embedding. */
  embedding: number;
  groups: number;
  dropout: number;
  use_scale_shift_norm: boolean;
  /** Resampling inside the block, between its first normalisation and its first convolution. */
  resample?: "down" | "up";
}

/**
 * x [B, from, H, W], silu(embedding) [B, e] → [B, to, H′, W′]: GroupNorm, SiLU and convolution twice, beside a
 * shortcut. The embedding scales and shifts the second normalisation (FiLM) or is added before it.
 */
export class ResBlock extends nn.Module {
  in_layers: nn.Sequential;
  emb_layers: nn.Sequential;
  out_layers: nn.Sequential;
  skip_connection: nn.Conv2d | nn.Identity;
  readonly #parts: {
    first: { norm: nn.GroupNorm; conv: nn.Conv2d };
    linear: nn.Linear;
    second: { norm: nn.GroupNorm; dropout: nn.Dropout; conv: nn.Conv2d };
  };
  readonly #film: boolean;
  readonly #resample: "down" | "up" | undefined;

  constructor(
    from: number,
    to: number,
    {
      embedding,
      groups,
      dropout,
      use_scale_shift_norm,
      resample,
      generator,
      paddingMode,
    }: ResBlockOptions,
  ) {
    super();
    const start = { generator, paddingMode };
    const first = {
      norm: new nn.GroupNorm(groups, from),
      conv: resample === "up" ? new DoubledConv2d(from, to, start) : conv3x3(from, to, start),
    };
    const linear = new nn.Linear(embedding, use_scale_shift_norm ? 2 * to : to, { generator });
    const second = {
      norm: new nn.GroupNorm(groups, to),
      dropout: new nn.Dropout(dropout),
      conv: zeroed(conv3x3(to, to, start)),
    };
    this.#parts = { first, linear, second };
    this.#film = use_scale_shift_norm;
    this.#resample = resample;
    this.in_layers = new nn.Sequential(first.norm, new nn.SiLU(), first.conv);
    this.emb_layers = new nn.Sequential(new nn.SiLU(), linear);
    this.out_layers = new nn.Sequential(second.norm, new nn.SiLU(), second.dropout, second.conv);
    this.skip_connection =
      from === to ? new nn.Identity() : new PointwiseConv2d(from, to, { generator });
  }

  /** `emb` has gone through SiLU already, once for all blocks. */
  forward(x: Tensor, emb: Tensor): Tensor {
    const { first, linear, second } = this.#parts;
    const down = this.#resample === "down";
    const active = silu(first.norm.forward(x));
    const h = first.conv.forward(down ? halved(active) : active);
    const e = linear.forward(emb);
    const steered = this.#film
      ? film(second.norm, h, e)
      : second.norm.forward(h.add(e.reshape([...e.shape, 1, 1])));
    const out = second.conv.forward(second.dropout.forward(silu(steered)));
    // The convolution's result is nobody else's: the shortcut is added in its place.
    const shortcut = down ? halved(x) : this.#resample === "up" ? doubled(x) : x;
    return out.add_(this.skip_connection.forward(shortcut));
  }
}

/**
 * norm(h)·(1 + scale) + shift, with [scale, shift] = e [B, 2C]. Scale and shift go into the normalisation's own
 * affine map, which costs nothing: the samples stand side by side as channels of one.
 */
function film(norm: nn.GroupNorm, h: Tensor, e: Tensor): Tensor {
  const [n, c] = h.shape as [number, number];
  const [scale, shift] = e.chunk(2, { dim: 1 }) as [Tensor, Tensor];
  const more = scale.add(1);
  const weight = more.mul(norm.weight as Tensor).reshape([-1]);
  const bias = shift.addcmul(more, norm.bias as Tensor).reshape([-1]);
  const side = h.reshape([1, n * c, ...h.shape.slice(2)]);
  return groupNorm(side, n * norm.numGroups, { weight, bias, eps: norm.eps }).view(h.shape);
}

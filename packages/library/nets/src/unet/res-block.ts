import { nn, type Tensor } from "@dsbm/torch";
import { conv3x3, type Padded, PointwiseConv2d, type Seeded, zeroConv } from "./layers.js";
import { DoubledConv2d, doubleSides, halveSides } from "./resample.js";

/** Options of a residual block. */
export interface ResBlockOptions extends Seeded, Padded {
  /** Channels of the time embedding. */
  embedding: number;
  /** Groups of the normalisations. */
  groups: number;
  /** Share of dropped numbers. */
  dropout: number;
  /** Whether the embedding scales and shifts the second normalisation, instead of being added. */
  use_scale_shift_norm: boolean;
  /** A change of the resolution between the first normalisation and the first convolution. */
  resample?: "down" | "up";
}

/**
 * x [B, from, H, W], silu(embedding) [B, e] → [B, to, H′, W′]; the embedding scales and shifts the second
 * normalisation (FiLM) or is added before.
 */
export class ResBlock extends nn.Module {
  in_layers: nn.Sequential;
  emb_layers: nn.Sequential;
  out_layers: nn.Sequential;
  skip_connection: nn.Conv2d | nn.Identity;
  readonly #layers;
  readonly #film: boolean;
  readonly #resample: "down" | "up" | undefined;

  constructor(from: number, to: number, options: ResBlockOptions) {
    super();
    const { embedding, groups, dropout, use_scale_shift_norm, resample, ...start } = options;
    const { generator } = start;
    const norm1 = new nn.GroupNorm(groups, from);
    const conv1 = resample === "up" ? new DoubledConv2d(from, to, start) : conv3x3(from, to, start);
    const linear = new nn.Linear(embedding, use_scale_shift_norm ? 2 * to : to, { generator });
    const norm2 = new nn.GroupNorm(groups, to);
    const drop = new nn.Dropout(dropout);
    const conv2 = zeroConv(conv3x3(to, to, start));
    this.#layers = { norm1, conv1, linear, norm2, drop, conv2 };
    this.#film = use_scale_shift_norm;
    this.#resample = resample;
    this.in_layers = new nn.Sequential(norm1, new nn.SiLU(), conv1);
    this.emb_layers = new nn.Sequential(new nn.SiLU(), linear);
    this.out_layers = new nn.Sequential(norm2, new nn.SiLU(), drop, conv2);
    this.skip_connection =
      from === to ? new nn.Identity() : new PointwiseConv2d(from, to, { generator });
  }

  /** `emb` is activated once for all blocks. */
  forward(x: Tensor, emb: Tensor): Tensor {
    const { norm1, conv1, linear, norm2, drop, conv2 } = this.#layers;
    const down = this.#resample === "down";
    const active = norm1.silu(x);
    const h = conv1.forward(down ? halveSides(active) : active);
    const e = linear.forward(emb);
    const conditioned = this.#film
      ? norm2.silu(h, e)
      : norm2.silu(h.add(e.reshape([...e.shape, 1, 1])));
    const out = conv2.forward(drop.forward(conditioned));
    // The convolution's result is not used elsewhere.
    const shortcut = down ? halveSides(x) : this.#resample === "up" ? doubleSides(x) : x;
    return out.add_(this.skip_connection.forward(shortcut));
  }
}

// The residual block of DDPM++ networks, after BigGAN (which also changes the resolution) or after DDPM.
import { nn, type Tensor } from "@dsbm/torch";
import { DoubledConv2d } from "../unet/doubled-conv.js";
import { type Seeded, silu } from "../unet/layers.js";
import type { PointwiseConv2d } from "../unet/pointwise.js";
import type { Fir } from "./fir.js";
import { conv1, conv3, dense, groupNorm, joined, NIN, scaled } from "./layers.js";
import { plain } from "./resample.js";

export interface ResBlockOptions extends Seeded {
  resblock_type: "biggan" | "ddpm";
  /** Channels of the time's embedding. */
  embedding: number;
  dropout: number;
  skip_rescale: boolean;
  init_scale: number;
  /** The filter that changes the resolution, if there is one. */
  fir: Fir | null;
  /** Change of the resolution behind the first activation and on the shortcut. */
  resample?: "down" | "up";
}

/** x [B, from, H, W], silu(embedding) [B, e] → [B, to, H′, W′]. */
export class ResBlock extends nn.Module {
  GroupNorm_0: nn.GroupNorm;
  Conv_0: nn.Conv2d;
  Dense_0: nn.Linear;
  GroupNorm_1: nn.GroupNorm;
  Dropout_0: nn.Dropout;
  Conv_1: nn.Conv2d;
  /** The shortcut where channels or resolution change: BigGAN's, or DDPM's. */
  Conv_2: PointwiseConv2d | null = null;
  NIN_0: NIN | null = null;
  readonly #rescale: boolean;
  /** What happens to the image before the first convolution, and what to the shortcut. */
  readonly #resampled: { h: (x: Tensor) => Tensor; x: (x: Tensor) => Tensor };

  constructor(from: number, to: number, options: ResBlockOptions) {
    super();
    const { resblock_type, embedding, dropout, skip_rescale, init_scale } = options;
    const { fir, resample, generator } = options;
    const seed = { generator };
    const way = fir ?? plain;
    const same = (x: Tensor) => x;
    const down = (x: Tensor) => way.halved(x);
    const up = (x: Tensor) => way.doubled(x);
    // Pixels that are repeated need not be made for the convolution that follows.
    const doubling = resample === "up" && !fir;
    this.#rescale = skip_rescale;
    this.#resampled = {
      h: resample === "down" ? down : resample === "up" && !doubling ? up : same,
      x: resample === "down" ? down : resample === "up" ? up : same,
    };
    this.GroupNorm_0 = groupNorm(from);
    this.Conv_0 = doubling
      ? scaled(new DoubledConv2d(from, to, seed), seed)
      : conv3(from, to, seed);
    this.Dense_0 = dense(embedding, to, seed);
    this.GroupNorm_1 = groupNorm(to);
    this.Dropout_0 = new nn.Dropout(dropout);
    this.Conv_1 = conv3(to, to, { scale: init_scale, generator });
    if (from === to && !resample) return;
    if (resblock_type === "biggan") this.Conv_2 = conv1(from, to, seed);
    else this.NIN_0 = new NIN(from, to, seed);
  }

  /** `emb` has gone through SiLU already, once for all blocks. */
  forward(x: Tensor, emb: Tensor): Tensor {
    let h = this.Conv_0.forward(this.#resampled.h(silu(this.GroupNorm_0.forward(x))));
    const shift = this.Dense_0.forward(emb);
    h = h.add_(shift.reshape([...shift.shape, 1, 1]));
    h = this.Dropout_0.forward(silu(this.GroupNorm_1.forward(h)));
    h = this.Conv_1.forward(h);
    const shortcut = this.Conv_2 ?? this.NIN_0;
    const aside = this.#resampled.x(x);
    return joined(h, shortcut ? shortcut.forward(aside) : aside, this.#rescale);
  }
}

// The residual block of DDPM and of BigGAN, with an embedding of the time.
import { nn, type Tensor } from "@dsbm/torch";
import { addEmbedding, type PointwiseConv2d, type Seeded, silu } from "../unet/layers.js";
import { DoubledConv2d } from "../unet/resample.js";
import { conv1, conv3, denseLayer, groupNorm, NIN, residualSum, withScale } from "./layers.js";
import { type Fir, plainResampling } from "./resample.js";

interface DDPMBlockOptions extends Seeded {
  resblock_type: "biggan" | "ddpm";
  embedding: number;
  dropout: number;
  skip_rescale: boolean;
  init_scale: number;
  fir: Fir | null;
  /** A change of the resolution after the first activation and on the shortcut. */
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
    const way = fir ?? plainResampling;
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
      ? withScale(new DoubledConv2d(from, to, seed), seed)
      : conv3(from, to, seed);
    this.Dense_0 = denseLayer(embedding, to, seed);
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
    return residualSum(h, shortcut ? shortcut.forward(resampled) : resampled, this.#rescale);
  }
}

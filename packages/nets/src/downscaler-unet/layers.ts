// The pieces of the DownscalerUNet: normalised activations that the time shifts, and the way around of the means.
import { nn, type Tensor } from "@dsbm/torch";
import { type Seeded, silu } from "../unet/layers.js";
import { groups } from "./options.js";

/** GroupNorm and SiLU: [B, C, H, W] → the same; parameters `0.weight`, `0.bias`. */
export class NormAct extends nn.Sequential {
  readonly #norm: nn.GroupNorm;
  constructor(count: number, channels: number) {
    const norm = new nn.GroupNorm(count, channels);
    super(norm, new nn.SiLU());
    this.#norm = norm;
  }
  override forward(x: Tensor): Tensor {
    return silu(this.#norm.forward(x));
  }
}

/** h [B, C, H, W], nobody else's, plus what `dense` makes of the time's embedding [B, e]: a number a channel. */
export function steered(h: Tensor, dense: nn.Linear, emb: Tensor): Tensor {
  const shift = dense.forward(emb);
  return h.add_(shift.reshape([...shift.shape, 1, 1]));
}

/**
 * Spatial means [B, C, 1, 1], embedding [B, e] → [B, out, 1, 1] through three layers of `embed_dim` channels.
 * Each group of its normalisations is `embed_dim`/32 numbers: where that is 1, only the time gets through; where it is
 * 2, the gradient is what is left of two numbers that all but cancel, and depends on the order of float32's sums.
 */
export class MeanBypass extends nn.Module {
  mean_skip_1: nn.Conv2d;
  mean_skip_2: nn.Conv2d;
  mean_skip_3: nn.Conv2d;
  mean_dense_1: nn.Linear;
  mean_dense_2: nn.Linear;
  mean_gnorm_1: NormAct;
  mean_gnorm_2: NormAct;

  constructor(from: number, to: number, { embed_dim, ...seed }: { embed_dim: number } & Seeded) {
    super();
    this.mean_skip_1 = new nn.Conv2d(from, embed_dim, 1, seed);
    this.mean_skip_2 = new nn.Conv2d(embed_dim, embed_dim, 1, seed);
    this.mean_skip_3 = new nn.Conv2d(embed_dim, to, 1, seed);
    this.mean_dense_1 = new nn.Linear(embed_dim, embed_dim, seed);
    this.mean_dense_2 = new nn.Linear(embed_dim, embed_dim, seed);
    this.mean_gnorm_1 = new NormAct(groups, embed_dim);
    this.mean_gnorm_2 = new NormAct(groups, embed_dim);
  }

  forward(means: Tensor, emb: Tensor): Tensor {
    const first = steered(this.mean_skip_1.forward(means), this.mean_dense_1, emb);
    const h = this.mean_skip_2.forward(this.mean_gnorm_1.forward(first));
    return this.mean_skip_3.forward(this.mean_gnorm_2.forward(steered(h, this.mean_dense_2, emb)));
  }
}

import { nn, type Tensor } from "@dsbm/torch";
import { addEmbedding, type Seeded } from "../unet/layers.js";
import { groups } from "./options.js";

/** GroupNorm and SiLU; parameters `0.weight`, `0.bias`. */
export class NormAct extends nn.Sequential {
  readonly #norm: nn.GroupNorm;
  constructor(count: number, channels: number) {
    const norm = new nn.GroupNorm(count, channels);
    super(norm, new nn.SiLU());
    this.#norm = norm;
  }
  override forward(x: Tensor): Tensor {
    return this.#norm.silu(x);
  }
}

/**
 * Spatial means [B, C, 1, 1], embedding [B, e] → [B, out, 1, 1]. A normalisation group needs more than 2 of its
 * `embed_dim`/32 numbers: with 1 the result depends on the time only, with 2 on the order of float32 sums.
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
    const one = addEmbedding(this.mean_skip_1.forward(means), this.mean_dense_1, emb);
    const h = this.mean_skip_2.forward(this.mean_gnorm_1.forward(one));
    const two = addEmbedding(h, this.mean_dense_2, emb);
    return this.mean_skip_3.forward(this.mean_gnorm_2.forward(two));
  }
}

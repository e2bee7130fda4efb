// Fully connected networks: the benchmark's network takes the point and the time side by side.

import { isOneTime } from "@dsbm/bridge";
import { cat, nn, type Tensor } from "@dsbm/torch";
import type { Seeded } from "../unet/layers.js";

/** Fully connected layers with SiLU between them; parameters `layers.0.weight`, … */
export class MLP extends nn.Module {
  layers: nn.Linear[];
  constructor(inputs: number, widths: readonly number[], { generator }: Seeded = {}) {
    super();
    this.layers = widths.map(
      (width, i) => new nn.Linear(widths[i - 1] ?? inputs, width, { generator }),
    );
  }
  /** `shared` [k] are the last k inputs if they are the same for all rows; x then has the others only. */
  forward(x: Tensor, shared?: Tensor): Tensor {
    const last = this.layers.length - 1;
    return this.layers.reduce((h, layer, i) => {
      const beside = i === 0 ? shared : undefined;
      return i < last ? layer.silu(h, beside) : layer.forward(h, beside);
    }, x);
  }
}

/** Hidden widths by the reference's names. */
export const widths = { mlp_large: [256, 256], mlp_small: [128, 128] } as const;

/** The drift network of vectors: concat(x [B, d], t [B]) → [B, d]; parameters `net.layers.…` as in the reference. */
export class ScoreNetwork extends nn.Module {
  net: MLP;
  constructor(
    dim: number,
    { hidden = widths.mlp_large, generator }: { hidden?: readonly number[] } & Seeded = {},
  ) {
    super();
    this.net = new MLP(dim + 1, [...hidden, dim], { generator });
  }
  forward(x: Tensor, t: Tensor): Tensor {
    if (isOneTime(t)) return this.net.forward(x, t.narrow(0, 0, 1));
    return this.net.forward(cat([x, t.reshape([-1, 1])], { dim: 1 }));
  }
}

// Fully connected networks: the benchmark's network takes the point and the time side by side.

import { BridgeError, type Conditions, isOneTime } from "@dsbm/bridge";
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

/** Point and condition side by side. Throws a BridgeError for a condition of another width than `width`, and for classes. */
export function withCondition(
  name: string,
  x: Tensor,
  { cond, y }: Conditions,
  width: number,
): Tensor {
  const n = x.size(0);
  if (y || `${cond?.shape ?? ""}` !== (width > 0 ? `${n},${width}` : ""))
    throw new BridgeError(
      "argument",
      `${name}: got ${y ? "classes y" : cond ? `a condition [${cond.shape}]` : "no condition"}; expected ${width > 0 ? `a condition [${n}, ${width}]` : "none"}`,
    );
  return cond ? cat([x, cond], { dim: 1 }) : x;
}

/**
 * The drift network of vectors: concat(x [B, d], condition [B, c], t [B]) → [B, d]; parameters `net.layers.…` as in the
 * reference.
 */
export class ScoreNetwork extends nn.Module {
  net: MLP;
  readonly #conditions: number;
  /** `conditions`: numbers of a condition, 0 for none. */
  constructor(
    dim: number,
    {
      hidden = widths.mlp_large,
      conditions = 0,
      generator,
    }: { hidden?: readonly number[]; conditions?: number } & Seeded = {},
  ) {
    super();
    this.#conditions = conditions;
    this.net = new MLP(dim + conditions + 1, [...hidden, dim], { generator });
  }
  forward(x: Tensor, t: Tensor, given: Conditions = {}): Tensor {
    const point = withCondition("ScoreNetwork", x, given, this.#conditions);
    if (isOneTime(t)) return this.net.forward(point, t.narrow(0, 0, 1));
    return this.net.forward(cat([point, t.reshape([-1, 1])], { dim: 1 }));
  }
}

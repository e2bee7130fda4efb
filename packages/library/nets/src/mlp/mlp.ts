import { argumentError, type Conditions, isOneTime } from "@dsbm/bridge";
import { cat, nn, noGrad, type Tensor, tensor } from "@dsbm/torch";
import type { Seeded } from "../unet/layers.js";
import { Sinusoids } from "../unet/time-embedding.js";

/** Fully connected layers with SiLU between them; parameters `layers.0.weight`, … */
export class MLP extends nn.Module {
  /** From input to output. */
  layers: nn.Linear[];
  constructor(inputs: number, widths: readonly number[], { generator }: Seeded = {}) {
    super();
    this.layers = widths.map(
      (width, i) => new nn.Linear(widths[i - 1] ?? inputs, width, { generator }),
    );
  }
  /** `shared` [k] are the last k inputs, the same for all rows. */
  forward(x: Tensor, shared?: Tensor): Tensor {
    const last = this.layers.length - 1;
    return this.layers.reduce((h, layer, i) => {
      const extra = i === 0 ? shared : undefined;
      return i < last ? layer.silu(h, extra) : layer.forward(h, extra);
    }, x);
  }
}

/** Hidden widths by the reference's names. */
export const widths = { mlp_large: [256, 256], mlp_small: [128, 128] } as const;

export interface VectorOptions extends Seeded {
  hidden?: readonly number[];
  /** Numbers of a condition. */
  conditions?: number;
  /** Of the time (see `halfOctaves`). */
  frequencies?: number;
}

/** Cosines and sines of the time at half-octave steps from π/2 on. */
export const halfOctaves = (frequencies: number): Sinusoids =>
  new Sinusoids(
    tensor(Array.from({ length: frequencies }, (_, k) => (Math.PI / 2) * 2 ** (k / 2))),
  );

/**
 * With many time features, PyTorch's initial weights would leave the first layer almost linear in a
 * point of few columns.
 */
function widenPoint({ layers: [first] }: MLP, point: number): void {
  if (!first) return;
  const inputs = first.weight.size(1);
  noGrad(() => first.weight.narrow(1, 0, point).mul_(inputs / point));
}

/** An MLP on point, condition, time and `more` numbers side by side. */
export abstract class VectorNetwork extends nn.Module {
  /** The network inside. */
  net: MLP;
  readonly #conditions: number;
  constructor(
    dim: number,
    more: number,
    { hidden = widths.mlp_large, conditions = 0, frequencies = 0, generator }: VectorOptions,
  ) {
    super();
    this.#conditions = conditions;
    const point = dim + conditions;
    this.net = new MLP(point + 2 * frequencies + more, [...hidden, dim], { generator });
    if (frequencies > 0) widenPoint(this.net, point);
  }
  /** Throws a BridgeError for a condition of another width, and for classes. */
  protected withCondition(x: Tensor, { cond, y }: Conditions): Tensor {
    const n = x.size(0);
    const width = this.#conditions;
    if (y || `${cond?.shape ?? ""}` !== (width > 0 ? `${n},${width}` : ""))
      throw argumentError(
        `${this.constructor.name}: got ${y ? "classes y" : cond ? `a condition [${cond.shape}]` : "no condition"}; expected ${width > 0 ? `a condition [${n}, ${width}]` : "none"}`,
      );
    return cond ? cat([x, cond], { dim: 1 }) : x;
  }
}

/** The reference's drift network: concat(x [B, d], condition [B, c], t [B]) → [B, d]; parameters `net.layers.…`. */
export class ScoreNetwork extends VectorNetwork {
  constructor(dim: number, options: VectorOptions = {}) {
    super(dim, 1, options);
  }
  forward(x: Tensor, t: Tensor, conditions: Conditions = {}): Tensor {
    const point = this.withCondition(x, conditions);
    if (isOneTime(t)) return this.net.forward(point, t.narrow(0, 0, 1));
    return this.net.forward(cat([point, t.reshape([-1, 1])], { dim: 1 }));
  }
}

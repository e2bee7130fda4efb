import { argumentError, type Conditions, type Direction, isOneTime } from "@dsbm/bridge";
import { cat, nn, noGrad, type Tensor, tensor } from "@dsbm/torch";
import { type Seeded, Sinusoids } from "../unet/layers.js";

/** Fully connected layers with SiLU between them; parameters `layers.0.weight`, … */
export class MLP extends nn.Module {
  /** Linear layers from input to output. */
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

/** Options of networks of vectors. */
export interface VectorOptions extends Seeded {
  /** Widths of the hidden layers. */
  hidden?: readonly number[];
  /** Numbers of a condition. */
  conditions?: number;
  /** The number of frequencies of the time (see `halfOctaves`). */
  frequencies?: number;
}

/** Cosines and sines of the time at half-octave steps from π/2 on. */
const halfOctaves = (frequencies: number): Sinusoids =>
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

/** @public The base of networks of vectors: an MLP on point, condition, time and `more` numbers side by side. */
export abstract class VectorNetwork extends nn.Module {
  /** The network inside. */
  net: MLP;
  /** Embeds the time, if there are frequencies. */
  time: Sinusoids | null;
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
    this.time = frequencies > 0 ? halfOctaves(frequencies) : null;
    if (this.time) widenPoint(this.net, point);
  }
  /** @throws {BridgeError} for a condition of another width, and for classes. */
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

/** Options of a network that predicts a drift. */
export interface DriftNetworkOptions extends VectorOptions {
  /** The direction whose time left is built in; null: nothing is built in. */
  direction: Direction | null;
}

/**
 * x [B, d], t [B], condition [B, c] → drift [B, d], divided by the square root of the time left, since a Brownian
 * bridge's drift grows like 1/√(1 − t) (f) or 1/√t (b): layers learn functions of size one.
 */
export class DriftNetwork extends VectorNetwork {
  readonly #direction: Direction | null;
  constructor(
    dim: number,
    { direction, frequencies = 8, hidden = [512, 512], ...options }: DriftNetworkOptions,
  ) {
    super(dim, 0, { hidden, frequencies, ...options });
    this.#direction = direction;
  }
  forward(x: Tensor, t: Tensor, conditions: Conditions = {}): Tensor {
    const point = this.withCondition(x, conditions);
    const output = this.net.forward(cat([point, this.time!.forward(t)], { dim: 1 }));
    if (!this.#direction) return output;
    const left = (this.#direction === "f" ? t.rsub(1) : t).clamp({ min: 1e-3 }).reshape([-1, 1]);
    return output.div(left.sqrt());
  }
}

/** x [B, d], condition [B, c], t [B] and a direction [B] (1 forward, 0 backward) → [B, d]. */
export class BidirectionalNetwork extends VectorNetwork {
  constructor(dim: number, options: VectorOptions = {}) {
    super(dim, 2, options);
  }
  /** @throws {BridgeError} without a direction. */
  forward(x: Tensor, t: Tensor, { direction, ...conditions }: Conditions = {}): Tensor {
    const point = this.withCondition(x, conditions);
    if (!direction)
      throw argumentError("BidirectionalNetwork: it needs a direction, 1 forward or 0 backward");
    const extra = (times: Tensor, way: Tensor) => {
      const plain = [times.reshape([-1, 1]), way.reshape([-1, 1])];
      return cat(this.time ? [this.time.forward(times), ...plain] : plain, { dim: 1 });
    };
    if (!isOneTime(t)) return this.net.forward(cat([point, extra(t, direction)], { dim: 1 }));
    const first = (y: Tensor) => y.narrow(0, 0, 1);
    return this.net.forward(point, extra(first(t), first(direction)).squeeze(0));
  }
}

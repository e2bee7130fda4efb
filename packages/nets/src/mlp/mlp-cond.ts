// The network of conditional bridges between vectors: point and condition in one encoder, the time in another
// (De Bortoli 2021, with a condition).

import { BridgeError, type Conditions } from "@dsbm/bridge";
import { cat, type Generator, nn, type Tensor } from "@dsbm/torch";
import { TimeEmbedding } from "../unet/time-embedding.js";

/** Fully connected layers with LeakyReLU between them, and behind the last with `activate_final`. */
class Encoder extends nn.Module {
  layers: nn.Linear[];
  readonly #activateFinal: boolean;
  constructor(
    inputs: number,
    widths: readonly number[],
    { activate_final, generator }: { activate_final: boolean; generator?: Generator | undefined },
  ) {
    super();
    this.#activateFinal = activate_final;
    this.layers = widths.map(
      (width, i) => new nn.Linear(i === 0 ? inputs : widths[i - 1]!, width, { generator }),
    );
  }
  forward(x: Tensor): Tensor {
    const last = this.layers.length - 1;
    return this.layers.reduce((h, layer, i) => {
      const next = layer.forward(h);
      return i < last || this.#activateFinal ? next.leakyRelu() : next;
    }, x);
  }
}

export interface ConditionalMLPOptions {
  /** Numbers of a point. */
  x_dim: number;
  /** Numbers of a condition; 0: there is none. */
  y_dim?: number;
  /** Waves that the time is embedded as: cosines and sines together. */
  pos_dim?: number;
  /** Widths of the time's encoder; the last one is what the network sees of the time. */
  t_encoder_layers?: readonly number[];
  /** Widths of the encoder of point and condition. */
  xy_encoder_layers?: readonly number[];
  /** Hidden widths behind both. */
  decoder_layers?: readonly number[];
  /** The time in [0, 1] is multiplied by this before it is embedded. */
  temb_scale?: number;
}

/**
 * x [B, x_dim], t [B], condition [B, y_dim] → [B, x_dim]. Parameters `net.layers.0.weight`, …,
 * `t_encoder.layers.…`, `xy_encoder.layers.…`.
 */
export class ConditionalMLP extends nn.Module {
  readonly options: Required<ConditionalMLPOptions>;
  net: Encoder;
  t_encoder: Encoder;
  xy_encoder: Encoder;
  readonly waves: TimeEmbedding;

  /** Throws a BridgeError that names the key for widths of which no network can be made. */
  constructor(
    options: ConditionalMLPOptions,
    { generator }: { generator?: Generator | undefined } = {},
  ) {
    super();
    const { x_dim, y_dim = 0, pos_dim = 16, temb_scale = 1 } = options;
    const { t_encoder_layers = [pos_dim, 2 * pos_dim], decoder_layers = [128, 128] } = options;
    const { xy_encoder_layers = t_encoder_layers.map((width) => 2 * width) } = options;
    this.options = {
      x_dim,
      y_dim,
      pos_dim,
      t_encoder_layers,
      xy_encoder_layers,
      decoder_layers,
      temb_scale,
    };
    check(this.options);
    const into = { activate_final: true, generator };
    const seen = (t_encoder_layers.at(-1) as number) + (xy_encoder_layers.at(-1) as number);
    this.net = new Encoder(seen, [...decoder_layers, x_dim], { ...into, activate_final: false });
    this.t_encoder = new Encoder(pos_dim, t_encoder_layers, into);
    this.xy_encoder = new Encoder(x_dim + y_dim, xy_encoder_layers, into);
    this.waves = new TimeEmbedding(pos_dim, { sineFirst: true });
  }

  /** Throws a BridgeError for a point, times or a condition of another shape, and for classes, which it cannot use. */
  forward(x: Tensor, t: Tensor, { cond, y }: Conditions = {}): Tensor {
    const { x_dim, y_dim, temb_scale } = this.options;
    const [n] = x.shape;
    const wrong = (message: string) => new BridgeError("argument", `ConditionalMLP: ${message}`);
    if (x.ndim !== 2 || x.size(1) !== x_dim)
      throw wrong(`x has shape [${x.shape}]; expected [B, ${x_dim}], as x_dim says`);
    if (t.numel !== n) throw wrong(`t has shape [${t.shape}]; expected one time for each of ${n}`);
    if (`${cond?.shape ?? ""}` !== (y_dim > 0 ? `${n},${y_dim}` : ""))
      throw wrong(
        `${cond ? `cond has shape [${cond.shape}]` : "cond is missing"}; expected ${y_dim > 0 ? `[${n}, ${y_dim}]` : "none"}, as y_dim ${y_dim} says`,
      );
    if (y) throw wrong("y was given, but this network takes no classes");
    const times = this.t_encoder.forward(this.waves.forward(t.reshape([-1]).mul(temb_scale)));
    const points = this.xy_encoder.forward(cond ? cat([x, cond], { dim: 1 }) : x);
    return this.net.forward(cat([points, times], { dim: 1 }));
  }
}

function check(options: Required<ConditionalMLPOptions>): void {
  const wrong = (message: string) => new BridgeError("argument", `ConditionalMLP: ${message}`);
  const { x_dim, y_dim, pos_dim, temb_scale } = options;
  const whole = (value: number, key: string, least: number) => {
    if (!Number.isInteger(value) || value < least)
      throw wrong(`${key} is ${value}; expected an integer of at least ${least}`);
  };
  whole(x_dim, "x_dim", 1);
  whole(y_dim, "y_dim", 0);
  whole(pos_dim, "pos_dim", 4);
  for (const key of ["t_encoder_layers", "xy_encoder_layers", "decoder_layers"] as const) {
    if (key !== "decoder_layers" && options[key].length === 0)
      throw wrong(`${key} is empty; expected at least one width`);
    for (const width of options[key]) whole(width, `${key} has an entry that`, 1);
  }
  if (!Number.isFinite(temb_scale)) throw wrong(`temb_scale is ${temb_scale}; expected a number`);
}

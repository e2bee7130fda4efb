// Conditional bridges between vectors (De Bortoli 2021): one encoder for point and condition, one for the time.

import type { Conditions } from "@dsbm/bridge";
import { cat, nn, type Tensor } from "@dsbm/torch";
import { wrongFor } from "../unet/keys.js";
import { type Seeded, TimeEmbedding } from "../unet/layers.js";
import { MLP } from "./mlp.js";

class Encoder extends MLP {
  override forward(x: Tensor): Tensor {
    return this.layers.reduce((h, layer, i) => layer.forward(i === 0 ? h : h.leakyRelu()), x);
  }
}

/** Options of `ConditionalMLP`. */
export interface ConditionalMLPOptions {
  /** Dimension of a point. */
  x_dim: number;
  /** Dimension of a condition; 0: none. */
  y_dim?: number;
  /** Columns of the sinusoidal time embedding. */
  pos_dim?: number;
  temb_scale?: number;
  t_encoder_layers?: readonly number[];
  xy_encoder_layers?: readonly number[];
  /** Hidden widths after both encoders. */
  decoder_layers?: readonly number[];
}

const optionError = wrongFor("ConditionalMLP");

/**
 * x [B, x_dim], t [B], condition [B, y_dim] → [B, x_dim]; parameters `net.layers.…`, `t_encoder.layers.…`,
 * `xy_encoder.layers.…`.
 */
export class ConditionalMLP extends nn.Module {
  /** The options, with all defaults. */
  readonly options: Required<ConditionalMLPOptions>;
  /** The decoder of both encodings. */
  net: Encoder;
  /** Encodes the embedded time. */
  t_encoder: Encoder;
  /** Encodes point and condition. */
  xy_encoder: Encoder;
  /** Embeds the time. */
  readonly positional: TimeEmbedding;

  constructor(options: ConditionalMLPOptions, { generator }: Seeded = {}) {
    super();
    const { x_dim, y_dim = 0, pos_dim = 16, temb_scale = 1, decoder_layers = [128, 128] } = options;
    const { t_encoder_layers = [pos_dim, 2 * pos_dim] } = options;
    const { xy_encoder_layers = t_encoder_layers.map((width) => 2 * width) } = options;
    const layers = { t_encoder_layers, xy_encoder_layers, decoder_layers };
    this.options = { x_dim, y_dim, pos_dim, temb_scale, ...layers };
    const inputs = (t_encoder_layers.at(-1) as number) + (xy_encoder_layers.at(-1) as number);
    this.net = new Encoder(inputs, [...decoder_layers, x_dim], { generator });
    this.t_encoder = new Encoder(pos_dim, t_encoder_layers, { generator });
    this.xy_encoder = new Encoder(x_dim + y_dim, xy_encoder_layers, { generator });
    this.positional = new TimeEmbedding(pos_dim, { sineFirst: true });
  }

  /** @throws {BridgeError} for wrong shapes, and for classes. */
  forward(x: Tensor, t: Tensor, { cond, y }: Conditions = {}): Tensor {
    const { x_dim, y_dim, temb_scale } = this.options;
    const [n] = x.shape;
    if (x.ndim !== 2 || x.size(1) !== x_dim)
      throw optionError(
        `x has shape [${x.shape}]; expected [B, ${x_dim}], since x_dim is ${x_dim}`,
      );
    if (t.numel !== n)
      throw optionError(`t has shape [${t.shape}]; expected one time for each of ${n}`);
    if (`${cond?.shape ?? ""}` !== (y_dim > 0 ? `${n},${y_dim}` : ""))
      throw optionError(
        `${cond ? `cond has shape [${cond.shape}]` : "cond is missing"}; expected ${y_dim > 0 ? `[${n}, ${y_dim}]` : "none"}, since y_dim is ${y_dim}`,
      );
    if (y) throw optionError("y was given, but this network takes no classes");
    const sinusoids = this.positional.forward(t.reshape([-1]).mul(temb_scale));
    const times = this.t_encoder.forward(sinusoids).leakyRelu();
    const points = this.xy_encoder.forward(cond ? cat([x, cond], { dim: 1 }) : x).leakyRelu();
    return this.net.forward(cat([points, times], { dim: 1 }));
  }
}

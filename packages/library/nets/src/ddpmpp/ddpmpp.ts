// DDPM++ and NCSN++ (Song 2021): a UNet with pyramids and filtered resampling.

import type { Conditions } from "@dsbm/bridge";
import { cat, nn, type Tensor } from "@dsbm/torch";
import { checkInputs } from "../unet/keys.js";
import { type Seeded, TimeEmbedding } from "../unet/layers.js";
import { type ForwardState, LayerBuilder } from "./build.js";
import { type CompleteDDPMppOptions, completeDDPMpp, type DDPMppOptions } from "./options.js";
import { Fir } from "./resample.js";

/**
 * x [B, C, H, W], t [B] in [0, 1] → [B, out_channels, H, W]; published parameter names (`all_modules.0.weight`,
 * …).
 */
export class DDPMpp extends nn.Module {
  /** The options, with all defaults. */
  readonly options: CompleteDDPMppOptions;
  /** Embeds the time. */
  readonly positional: TimeEmbedding;
  /** Layers in the order of the published code. */
  all_modules: nn.Module[] = [];
  /** Shared by all layers that use it. */
  readonly fir: Fir | null;
  readonly #embed: (t: Tensor) => Tensor;
  readonly #steps: LayerBuilder["steps"];

  /** @throws {BridgeError} with the key's name for impossible options. */
  constructor(options: DDPMppOptions, { generator }: Seeded = {}) {
    super();
    this.options = completeDDPMpp(options);
    this.positional = new TimeEmbedding(this.options.nf, { sineFirst: true });
    this.fir = this.options.fir ? new Fir(this.options.fir_kernel) : null;
    const builder = new LayerBuilder(this.options, this.fir, { generator });
    this.#embed = builder.embedding(this.positional);
    builder.down();
    builder.middle();
    builder.up();
    this.all_modules = builder.modules;
    this.#steps = builder.steps;
  }

  /** @throws {BridgeError} for wrong channels or sizes, and for classes. */
  forward(x: Tensor, t: Tensor, { y, cond }: Conditions = {}): Tensor {
    const { in_channels, channels, temb_scale } = this.options;
    checkInputs("DDPMpp", { in_channels, halvings: channels.length - 1 }, x, { y, cond });
    const input = cond ? cat([x, cond], { dim: 1 }) : x;
    const emb = this.#embed(t.reshape([-1]).mul(temb_scale));
    const state: ForwardState = { h: input, emb, skips: [], input, output: null };
    for (const step of this.#steps) step(state);
    return state.output as Tensor;
  }
}

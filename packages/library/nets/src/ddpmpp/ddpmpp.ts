// DDPM++ and NCSN++ (Song 2021): a UNet with pyramids and filtered resampling.

import type { Conditions } from "@dsbm/bridge";
import { cat, nn, type Tensor } from "@dsbm/torch";
import { checkInputs } from "../unet/keys.js";
import { channelsLast, type Seeded, scoped, silu, TimeEmbedding } from "../unet/layers.js";
import {
  AttnBlock,
  Combine,
  conv3,
  DDPMBlock,
  dense,
  Fir,
  groupNorm,
  plain,
  Resample,
  sumOf,
} from "./layers.js";
import { type CompleteDDPMppOptions, completeDDPMpp, type DDPMppOptions } from "./options.js";

interface ForwardState {
  h: Tensor;
  emb: Tensor;
  skips: Tensor[];
  input: Tensor;
  output: Tensor | null;
}

/**
 * x [B, C, H, W], t [B] in [0, 1] → [B, out_channels, H, W]; published parameter names (`all_modules.0.weight`,
 * …).
 */
export class DDPMpp extends nn.Module {
  /** With all defaults. */
  readonly options: CompleteDDPMppOptions;
  /** Embeds the time. */
  readonly positional: TimeEmbedding;
  /** Layers in the order of the published code. */
  all_modules: nn.Module[] = [];
  /** Shared by all layers that use it. */
  readonly fir: Fir | null;
  readonly #embed: (t: Tensor) => Tensor;
  readonly #steps: ((s: ForwardState) => void)[] = [];

  /** Throws a BridgeError with the key's name for impossible options. */
  constructor(options: DDPMppOptions, { generator }: Seeded = {}) {
    super();
    this.options = completeDDPMpp(options);
    const { nf, channels, num_res_blocks, in_channels, out_channels, init_scale } = this.options;
    const { progressive, progressive_input, progressive_combine: method } = this.options;
    const { image_size, attn_resolutions, skip_rescale } = this.options;
    const seed = { generator };
    this.positional = new TimeEmbedding(nf, { sineFirst: true });
    const fir = this.options.fir ? new Fir(this.options.fir_kernel) : null;
    this.fir = fir;
    const resampling = fir ?? plain;

    const add = <T extends nn.Module>(module: T): T => {
      this.all_modules.push(module);
      return module;
    };
    const embedding = 4 * nf;
    const blockOptions = { ...this.options, ...seed, embedding, fir };
    const resample = (from: number, to: number, way: "down" | "up", conv = true) =>
      add(new Resample(from, to, { fir, resample: way, conv, ...seed }));
    const head = (from: number, to: number, scale: number) => {
      const norm = add(groupNorm(from));
      const conv = add(conv3(from, to, { scale, generator }));
      return (h: Tensor) => conv.forward(silu(norm.forward(h)));
    };
    // Each builds layers and adds the step that applies them to h.
    const next = (step: (s: ForwardState) => void) => void this.#steps.push(step);
    const through = (layer: (h: Tensor, s: ForwardState) => Tensor) =>
      next((s) => {
        s.h = layer(s.h, s);
      });
    const block = (from: number, to: number, way?: "down" | "up") => {
      const layer = add(
        new DDPMBlock(from, to, { ...blockOptions, ...(way && { resample: way }) }),
      );
      through((h, { emb }) => scoped(() => layer.forward(h, emb)));
    };
    const attention = (c: number) => {
      const layer = add(new AttnBlock(c, { ...this.options, ...seed }));
      through((h) => scoped(() => layer.forward(h)));
    };
    const attending = (level: number, c: number) => {
      if (attn_resolutions.includes(image_size / 2 ** level)) attention(c);
    };
    const change = (c: number, way: "down" | "up") => {
      if (this.options.resblock_type === "biggan") return block(c, c, way);
      const layer = resample(c, c, way, this.options.resamp_with_conv);
      through((h) => layer.forward(h));
    };
    const skips: number[] = [];
    const skip = (c: number) => {
      skips.push(c);
      next((s) => void s.skips.push(s.h));
    };

    const one = add(dense(nf, embedding, seed));
    const two = add(dense(embedding, embedding, seed));
    this.#embed = (t) => silu(two.forward(silu(one.forward(this.positional.forward(t)))));

    const first = add(conv3(in_channels, nf, seed));
    through((_, { input }) => channelsLast(first.forward(input)));
    skip(nf);
    let c = nf;
    let pyramid = in_channels;
    const coarsest = channels.length - 1;
    for (const [level, to] of channels.entries()) {
      for (let i = 0; i < num_res_blocks; i++) {
        block(c, to);
        c = to;
        attending(level, c);
        skip(c);
      }
      if (level === coarsest) break;
      change(c, "down");
      if (progressive_input === "input_skip") {
        const combine = add(new Combine(pyramid, c, { method, ...seed }));
        through((h, s) => {
          s.input = resampling.halved(s.input);
          return combine.forward(s.input, h);
        });
        if (method === "cat") c *= 2;
      }
      if (progressive_input === "residual") {
        const carry = resample(pyramid, c, "down");
        pyramid = c;
        through((h, s) => {
          s.input = sumOf(carry.forward(s.input), h, skip_rescale);
          return s.input;
        });
      }
      skip(c);
    }

    block(c, c);
    attention(c);
    block(c, c);

    for (const [i, to] of channels.toReversed().entries()) {
      for (let k = 0; k <= num_res_blocks; k++) {
        through((h, { skips }) => cat([h, skips.pop() as Tensor], { dim: 1 }));
        block(c + (skips.pop() as number), to);
        c = to;
      }
      attending(coarsest - i, c);
      if (progressive === "output_skip") {
        const image = head(c, out_channels, init_scale);
        next((s) => {
          const output = image(s.h);
          s.output = s.output ? output.add_(resampling.doubled(s.output)) : output;
        });
      }
      if (progressive === "residual") {
        const features = i === 0 ? head(c, c, 1) : null;
        const carry = i === 0 ? null : resample(pyramid, c, "up");
        next((s) => {
          s.output = features
            ? features(s.h)
            : sumOf(carry!.forward(s.output as Tensor), s.h, skip_rescale);
          if (carry) s.h = s.output;
        });
        pyramid = c;
      }
      if (i < coarsest) change(c, "up");
    }
    if (progressive === "output_skip") return;
    const last = head(c, out_channels, init_scale);
    next((s) => {
      s.output = last(s.h);
    });
  }

  /** Throws a BridgeError for wrong channels or sizes, and for classes. */
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

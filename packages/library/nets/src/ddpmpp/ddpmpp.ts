// DDPM++ and NCSN++ (Song 2021): a UNet with pyramids and filtered resampling.

import type { Conditions } from "@dsbm/bridge";
import { Buffer, cat, nn, randn, type Tensor, tidy } from "@dsbm/torch";
import { channelsLast, type Seeded, scoped } from "../unet/layers.js";
import { checkInputs } from "../unet/sizes.js";
import { TimeEmbedding } from "../unet/time-embedding.js";
import { AttnBlock, activations, Combine, conv3, dense, groupNorm, sumOf } from "./layers.js";
import { type CompleteDDPMppOptions, completeDDPMpp, type DDPMppOptions } from "./options.js";
import { ResBlock } from "./res-block.js";
import { Fir, plain, Resample } from "./resample.js";

interface State {
  h: Tensor;
  emb: Tensor | null;
  skips: Tensor[];
  input: Tensor;
  output: Tensor | null;
}

/** Earlier times count as this one, because of the logarithm. */
const earliest = 1e-4;

/** Sines, then cosines, of 2π·Wᵢ·ln t: t [B] → [B, 2·size], fixed W ~ N(0, scale²) (Song 2021). */
class FourierEmbedding extends nn.Module {
  readonly W: Buffer;
  constructor(size: number, { scale, generator }: { scale: number } & Seeded) {
    super();
    this.W = tidy(() => new Buffer(randn([size], { generator }).mul(scale)));
  }
  forward(t: Tensor): Tensor {
    const angles = t
      .log()
      .mul(2 * Math.PI)
      .reshape([-1, 1])
      .mul(this.W);
    return cat([angles.sin(), angles.cos()], { dim: 1 });
  }
}

/**
 * x [B, C, H, W], t [B] in [0, 1] → [B, out_channels, H, W]; published parameter names (`all_modules.0.weight`,
 * …).
 */
export class DDPMpp extends nn.Module {
  readonly options: CompleteDDPMppOptions;
  readonly positional: TimeEmbedding;
  all_modules: nn.Module[] = [];
  /** Shared by all layers that use it. */
  readonly fir: Fir | null;
  readonly #embed: ((level: Tensor) => Tensor) | null = null;
  readonly #steps: ((s: State) => void)[] = [];

  /** Throws a BridgeError with the key's name for impossible options. */
  constructor(options: DDPMppOptions, { generator }: Seeded = {}) {
    super();
    this.options = completeDDPMpp(options);
    const { nf, channels, num_res_blocks, in_channels, out_channels, init_scale } = this.options;
    const { progressive, progressive_input, progressive_combine: method } = this.options;
    const { image_size, attn_resolutions, skip_rescale, conditional } = this.options;
    const seed = { generator };
    const activation = activations[this.options.nonlinearity];
    this.positional = new TimeEmbedding(nf, { sineFirst: true });
    const fir = this.options.fir ? new Fir(this.options.fir_kernel) : null;
    this.fir = fir;
    const resampling = fir ?? plain;

    const add = <T extends nn.Module>(module: T): T => {
      this.all_modules.push(module);
      return module;
    };
    const embedding = conditional ? 4 * nf : 0;
    const blockOptions = { ...this.options, ...seed, embedding, activation, fir };
    const resample = (from: number, to: number, way: "down" | "up", conv = true) =>
      add(new Resample(from, to, { fir, resample: way, conv, ...seed }));
    const head = (from: number, to: number, scale: number) => {
      const norm = add(groupNorm(from));
      const conv = add(conv3(from, to, { scale, generator }));
      return (h: Tensor) => conv.forward(activation(norm.forward(h)));
    };
    // Each builds layers and adds the step that applies them to h.
    const next = (step: (s: State) => void) => void this.#steps.push(step);
    const through = (layer: (h: Tensor, s: State) => Tensor) =>
      next((s) => {
        s.h = layer(s.h, s);
      });
    const block = (from: number, to: number, way?: "down" | "up") => {
      const layer = add(new ResBlock(from, to, { ...blockOptions, ...(way && { resample: way }) }));
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

    if (conditional) {
      const fourier = this.options.embedding_type === "fourier";
      const embed = fourier
        ? add(new FourierEmbedding(nf, { scale: this.options.fourier_scale, ...seed }))
        : this.positional;
      const one = add(dense(fourier ? 2 * nf : nf, embedding, seed));
      const two = add(dense(embedding, embedding, seed));
      this.#embed = (level) =>
        activation(two.forward(activation(one.forward(embed.forward(level)))));
    }

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
    const { in_channels, channels, temb_scale, embedding_type, scale_by_sigma } = this.options;
    checkInputs("DDPMpp", { in_channels, halvings: channels.length - 1 }, x, t, { y, cond });
    const flat = t.reshape([-1]);
    const times = embedding_type === "fourier" ? flat.clamp({ min: earliest }) : flat;
    const level = times.mul(temb_scale);
    const input = cond ? cat([x, cond], { dim: 1 }) : x;
    const emb = this.#embed?.(level) ?? null;
    const state: State = { h: input, emb, skips: [], input, output: null };
    for (const step of this.#steps) step(state);
    const out = state.output as Tensor;
    return scale_by_sigma ? out.div(level.reshape([-1, 1, 1, 1])) : out;
  }
}

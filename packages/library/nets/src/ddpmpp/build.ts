// The layers of DDPM++ in the order of the published code, each with the step that applies it.
import { cat, type nn, type Tensor } from "@dsbm/torch";
import {
  channelsLast,
  type Seeded,
  silu,
  type TimeEmbedding,
  tidyWithoutGrad,
} from "../unet/layers.js";
import { DDPMBlock } from "./block.js";
import { AttnBlock, Combine, conv3, denseLayer, groupNorm, residualSum } from "./layers.js";
import type { CompleteDDPMppOptions } from "./options.js";
import { type Fir, plainResampling, Resample } from "./resample.js";

/** Tensors between the steps. */
export interface ForwardState {
  /** Features, [B, C, H, W]. */
  h: Tensor;
  /** The activated embedding of the time, [B, 4 nf]. */
  emb: Tensor;
  /** Features for the way up, the last one on top. */
  skips: Tensor[];
  /** The input in the resolution of h. */
  input: Tensor;
  /** The output so far. */
  output: Tensor | null;
}

type ForwardStep = (state: ForwardState) => void;
type ResampleDirection = "down" | "up";

/** Adds layers and steps; the order of calls is the order of the random numbers of their weights. */
export class LayerBuilder {
  /** All layers. */
  readonly modules: nn.Module[] = [];
  /** What `forward` does, one after the other. */
  readonly steps: ForwardStep[] = [];
  readonly #options: CompleteDDPMppOptions;
  readonly #fir: Fir | null;
  readonly #seed: Seeded;
  readonly #skips: number[] = [];
  /** Channels of h and of the pyramid of inputs or outputs. */
  #channels: number;
  #pyramid: number;

  constructor(options: CompleteDDPMppOptions, fir: Fir | null, seed: Seeded) {
    this.#options = options;
    this.#fir = fir;
    this.#seed = seed;
    this.#channels = options.nf;
    this.#pyramid = options.in_channels;
  }

  get #resampling() {
    return this.#fir ?? plainResampling;
  }

  #add<T extends nn.Module>(module: T): T {
    this.modules.push(module);
    return module;
  }
  #next(step: ForwardStep): void {
    this.steps.push(step);
  }
  #through(layer: (h: Tensor, state: ForwardState) => Tensor): void {
    this.#next((state) => {
      state.h = layer(state.h, state);
    });
  }

  /** The activated embedding of times: [B] → [B, 4 nf]. */
  embedding(positional: TimeEmbedding): (t: Tensor) => Tensor {
    const { nf } = this.#options;
    const one = this.#add(denseLayer(nf, 4 * nf, this.#seed));
    const two = this.#add(denseLayer(4 * nf, 4 * nf, this.#seed));
    return (t) => silu(two.forward(silu(one.forward(positional.forward(t)))));
  }

  /** The first convolution and the way down to the lowest resolution. */
  down(): void {
    const { nf, channels, num_res_blocks, in_channels } = this.#options;
    const first = this.#add(conv3(in_channels, nf, this.#seed));
    this.#through((_, { input }) => channelsLast(first.forward(input)));
    this.#skip();
    for (const [level, to] of channels.entries()) {
      for (let i = 0; i < num_res_blocks; i++) {
        this.#block(to);
        this.#attendingAt(level);
        this.#skip();
      }
      if (level === channels.length - 1) break;
      this.#change("down");
      this.#takeInput();
      this.#skip();
    }
  }

  /** Two blocks with attention between them. */
  middle(): void {
    this.#block(this.#channels);
    this.#attention();
    this.#block(this.#channels);
  }

  /** The way up, with the skips of the way down, and the output. */
  up(): void {
    const { channels, num_res_blocks, progressive } = this.#options;
    const coarsest = channels.length - 1;
    for (const [i, to] of channels.toReversed().entries()) {
      for (let k = 0; k <= num_res_blocks; k++) {
        this.#through((h, { skips }) => cat([h, skips.pop() as Tensor], { dim: 1 }));
        this.#channels += this.#skips.pop() as number;
        this.#block(to);
      }
      this.#attendingAt(coarsest - i);
      if (progressive === "output_skip") this.#addOutput();
      if (progressive === "residual") this.#carryOutput(i === 0);
      if (i < coarsest) this.#change("up");
    }
    if (progressive === "output_skip") return;
    const last = this.#outputHead();
    this.#next((state) => {
      state.output = last(state.h);
    });
  }

  #skip(): void {
    this.#skips.push(this.#channels);
    this.#next((state) => void state.skips.push(state.h));
  }

  #block(to: number, resample?: ResampleDirection): void {
    const shape = {
      embedding: 4 * this.#options.nf,
      fir: this.#fir,
      ...(resample && { resample }),
    };
    const options = { ...this.#options, ...this.#seed, ...shape };
    const layer = this.#add(new DDPMBlock(this.#channels, to, options));
    this.#through((h, { emb }) => tidyWithoutGrad(() => layer.forward(h, emb)));
    this.#channels = to;
  }

  #attention(): void {
    const layer = this.#add(new AttnBlock(this.#channels, { ...this.#options, ...this.#seed }));
    this.#through((h) => tidyWithoutGrad(() => layer.forward(h)));
  }
  #attendingAt(level: number): void {
    const { attn_resolutions, image_size } = this.#options;
    if (attn_resolutions.includes(image_size / 2 ** level)) this.#attention();
  }

  #resample(from: number, to: number, resample: ResampleDirection, conv = true): Resample {
    return this.#add(new Resample(from, to, { fir: this.#fir, resample, conv, ...this.#seed }));
  }
  /** Halves or doubles the resolution. */
  #change(direction: ResampleDirection): void {
    const { resblock_type, resamp_with_conv } = this.#options;
    const channels = this.#channels;
    if (resblock_type === "biggan") {
      this.#block(channels, direction);
      return;
    }
    const layer = this.#resample(channels, channels, direction, resamp_with_conv);
    this.#through((h) => layer.forward(h));
  }

  /** Adds a smaller copy of the input to h, as `progressive_input` says. */
  #takeInput(): void {
    const { progressive_input, progressive_combine: method, skip_rescale } = this.#options;
    const channels = this.#channels;
    if (progressive_input === "input_skip") {
      const combine = this.#add(new Combine(this.#pyramid, channels, { method, ...this.#seed }));
      this.#through((h, state) => {
        state.input = this.#resampling.halved(state.input);
        return combine.forward(state.input, h);
      });
      if (method === "cat") this.#channels *= 2;
    }
    if (progressive_input === "residual") {
      const carry = this.#resample(this.#pyramid, channels, "down");
      this.#pyramid = channels;
      this.#through((h, state) => {
        state.input = residualSum(carry.forward(state.input), h, skip_rescale);
        return state.input;
      });
    }
  }

  #head(to: number, scale: number): (h: Tensor) => Tensor {
    const norm = this.#add(groupNorm(this.#channels));
    const conv = this.#add(conv3(this.#channels, to, { scale, ...this.#seed }));
    return (h) => conv.forward(silu(norm.forward(h)));
  }
  #outputHead(): (h: Tensor) => Tensor {
    return this.#head(this.#options.out_channels, this.#options.init_scale);
  }

  /** Adds the image of this resolution to the doubled output. */
  #addOutput(): void {
    const image = this.#outputHead();
    this.#next((state) => {
      const output = image(state.h);
      state.output = state.output ? output.add_(this.#resampling.doubled(state.output)) : output;
    });
  }

  /** Carries features of the output up to this resolution. */
  #carryOutput(isFirst: boolean): void {
    const { skip_rescale } = this.#options;
    const channels = this.#channels;
    const features = isFirst ? this.#head(channels, 1) : null;
    const carry = isFirst ? null : this.#resample(this.#pyramid, channels, "up");
    this.#next((state) => {
      state.output = features
        ? features(state.h)
        : residualSum(carry!.forward(state.output as Tensor), state.h, skip_rescale);
      if (carry) state.h = state.output;
    });
    this.#pyramid = channels;
  }
}

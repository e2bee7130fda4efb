// DDPM++ and NCSN++ (Song 2021): a UNet with pyramids at its input and output, filtered resampling, and sums of
// branches that keep their size.

import type { Conditions } from "@dsbm/bridge";
import { cat, nn, type Tensor } from "@dsbm/torch";
import { checkInputs } from "../unet/checks.js";
import { type Seeded, silu } from "../unet/layers.js";
import { TimeEmbedding } from "../unet/time-embedding.js";
import { Fir, type Resampling } from "./fir.js";
import { AttnBlock, Combine, conv3, dense, groupNorm, joined } from "./layers.js";
import { type CompleteDDPMppOptions, completeDDPMpp, type DDPMppOptions } from "./options.js";
import { type Arc, planOf } from "./plan.js";
import { ResBlock } from "./res-block.js";
import { plain, Resample } from "./resample.js";

/** A change of the resolution. */
type Step = ResBlock | Resample;
/** Normalisation, activation and a convolution. */
type Head = (h: Tensor) => Tensor;

interface Down {
  blocks: { block: ResBlock; attention: AttnBlock | null }[];
  step: Step | null;
  combine: Combine | null;
  residual: Resample | null;
}
interface Up {
  blocks: ResBlock[];
  attention: AttnBlock | null;
  head: Head | null;
  residual: Resample | null;
  step: Step | null;
}

/**
 * x [B, C, H, W], t [B] in [0, 1] → [B, out_channels, H, W].
 * The parameters bear the published names: `all_modules.0.weight`, `all_modules.3.GroupNorm_0.weight`, …
 */
export class DDPMpp extends nn.Module {
  readonly options: CompleteDDPMppOptions;
  readonly waves: TimeEmbedding;
  /** Everything, in the order in which it is built. */
  all_modules: nn.Module[] = [];
  /** The filter, shared by all that use it. */
  readonly fir: Fir | null;
  readonly #time: readonly [nn.Linear, nn.Linear];
  readonly #first: nn.Conv2d;
  readonly #down: Down[];
  readonly #middle: readonly [ResBlock, AttnBlock, ResBlock];
  readonly #up: Up[];
  readonly #last: Head | null;

  /** Throws a BridgeError that names the key for options of which no network can be made. */
  constructor(options: DDPMppOptions, { generator }: Seeded = {}) {
    super();
    this.options = completeDDPMpp(options);
    const plan = planOf(this.options);
    const { nf, in_channels, resblock_type, resamp_with_conv, init_scale } = this.options;
    const { progressive, progressive_input, progressive_combine } = this.options;
    const seed = { generator };
    this.waves = new TimeEmbedding(nf, { sineFirst: true });
    const fir = this.options.fir ? new Fir(this.options.fir_kernel) : null;
    this.fir = fir;

    const add = <T extends nn.Module>(module: T): T => {
      this.all_modules.push(module);
      return module;
    };
    const blockOptions = { ...this.options, ...seed, embedding: 4 * nf, fir };
    const block = ({ from, to }: Arc) => add(new ResBlock(from, to, blockOptions));
    const attention = (c: number) => add(new AttnBlock(c, { ...this.options, ...seed }));
    const step = (c: number, resample: "down" | "up") =>
      add<Step>(
        resblock_type === "biggan"
          ? new ResBlock(c, c, { ...blockOptions, resample })
          : new Resample(c, c, { fir, resample, conv: resamp_with_conv, ...seed }),
      );
    const features = ({ from, to }: Arc, resample: "down" | "up") =>
      add(new Resample(from, to, { fir, resample, conv: true, ...seed }));
    const head = ({ from, to }: Arc, scale: number): Head => {
      const norm = add(groupNorm(from));
      const conv = add(conv3(from, to, { scale, generator }));
      return (h) => conv.forward(silu(norm.forward(h)));
    };

    this.#time = [add(dense(nf, 4 * nf, seed)), add(dense(4 * nf, 4 * nf, seed))];
    this.#first = add(conv3(in_channels, nf, seed));
    this.#down = plan.down.map((level) => ({
      blocks: level.blocks.map((arc) => ({
        block: block(arc),
        attention: level.attention ? attention(arc.to) : null,
      })),
      step: level.step ? step(level.step, "down") : null,
      combine:
        level.pyramid && progressive_input === "input_skip"
          ? add(
              new Combine(level.pyramid.from, level.pyramid.to, {
                method: progressive_combine,
                ...seed,
              }),
            )
          : null,
      residual:
        level.pyramid && progressive_input === "residual" ? features(level.pyramid, "down") : null,
    }));
    const middle = { from: plan.middle, to: plan.middle };
    this.#middle = [block(middle), attention(plan.middle), block(middle)];
    this.#up = plan.up.map((level, i) => ({
      blocks: level.blocks.map(block),
      attention: level.attention ? attention((level.blocks.at(-1) as Arc).to) : null,
      head:
        level.pyramid && (progressive === "output_skip" || i === 0)
          ? head(level.pyramid, progressive === "output_skip" ? init_scale : 1)
          : null,
      residual:
        level.pyramid && progressive === "residual" && i > 0 ? features(level.pyramid, "up") : null,
      step: level.step ? step(level.step, "up") : null,
    }));
    this.#last = plan.last ? head(plan.last, init_scale) : null;
  }

  /** Throws a BridgeError for channels or sizes that do not fit the network, and for classes, which it cannot use. */
  forward(x: Tensor, t: Tensor, { y, cond }: Conditions = {}): Tensor {
    const { in_channels, channels, temb_scale, skip_rescale } = this.options;
    checkInputs("DDPMpp", { in_channels, halvings: channels.length - 1 }, x, t, { y, cond });
    const resampling: Resampling = this.fir ?? plain;
    const [one, two] = this.#time;
    const waves = this.waves.forward(t.reshape([-1]).mul(temb_scale));
    const emb = two.forward(one.forward(waves).silu()).silu();

    // The pyramid of the input: smaller copies of it, or features carried down.
    let pyramid = cond ? cat([x, cond], { dim: 1 }) : x;
    let h = this.#first.forward(pyramid);
    const skips = [h];
    for (const { blocks, step, combine, residual } of this.#down) {
      for (const { block, attention } of blocks) {
        h = block.forward(h, emb);
        if (attention) h = attention.forward(h);
        skips.push(h);
      }
      if (!step) continue;
      h = step.forward(h, emb);
      if (combine) {
        pyramid = resampling.halved(pyramid);
        h = combine.forward(pyramid, h);
      }
      if (residual) {
        pyramid = joined(residual.forward(pyramid), h, skip_rescale);
        h = pyramid;
      }
      skips.push(h);
    }

    const [before, attention, after] = this.#middle;
    h = after.forward(attention.forward(before.forward(h, emb)), emb);

    // The pyramid of the output: a sum of images, or features carried up.
    let image: Tensor | null = null;
    for (const { blocks, attention, head, residual, step } of this.#up) {
      for (const block of blocks)
        h = block.forward(cat([h, skips.pop() as Tensor], { dim: 1 }), emb);
      if (attention) h = attention.forward(h);
      if (head) {
        const own = head(h);
        image = image ? own.add_(resampling.doubled(image)) : own;
      }
      if (residual && image) {
        image = joined(residual.forward(image), h, skip_rescale);
        h = image;
      }
      if (step) h = step.forward(h, emb);
    }
    return this.#last ? this.#last(h) : (image as Tensor);
  }
}

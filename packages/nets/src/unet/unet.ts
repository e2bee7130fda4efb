// The network of images: a UNet after guided-diffusion (Dhariwal 2021), with the state dict of its kin.

import type { Conditions } from "@dsbm/bridge";
import { cat, nn, type Tensor } from "@dsbm/torch";
import { AttentionBlock } from "./attention.js";
import { checkInputs } from "./checks.js";
import { conv3x3, type Seeded, zeroed } from "./layers.js";
import { type CompleteUNetOptions, completeUNet, type UNetOptions } from "./options.js";
import { ResBlock } from "./res-block.js";
import { Downsample, Upsample } from "./resample.js";
import { TimeEmbedding } from "./time-embedding.js";

/** Modules one after the other, named by position; those that the time steers get it. */
class Stage extends nn.Module {
  readonly #modules: nn.Module[];
  constructor(...modules: nn.Module[]) {
    super();
    this.#modules = modules;
  }
  override *namedChildren(): Generator<[string, nn.Module]> {
    for (const [i, module] of this.#modules.entries()) yield [String(i), module];
  }
  /** With `recompute`, each block's activations are computed again in the backward pass. */
  forward(x: Tensor, emb: Tensor, recompute?: boolean): Tensor {
    return this.#modules.reduce((h, module) => {
      if (module instanceof ResBlock)
        return recompute ? nn.checkpoint(module, [h, emb]) : module.forward(h, emb);
      return recompute && module instanceof AttentionBlock
        ? nn.checkpoint(module, [h])
        : module.forward(h);
    }, x);
  }
}

/**
 * x [B, C, H, W], t [B] in [0, 1] → [B, out_channels, H, W].
 * The parameters bear the names of guided-diffusion's (`time_embed.0.weight`, `input_blocks.1.0.in_layers.0.weight`, …).
 */
export class UNet extends nn.Module {
  readonly options: CompleteUNetOptions;
  readonly waves: TimeEmbedding;
  time_embed: nn.Sequential;
  label_emb: nn.Embedding | null;
  input_blocks: Stage[];
  middle_block: Stage;
  output_blocks: Stage[];
  out: nn.Sequential;

  /** Throws a BridgeError that names the key for options of which no network can be made. */
  constructor(options: UNetOptions, { generator }: Seeded = {}) {
    super();
    this.options = completeUNet(options);
    const { channels, groups, num_classes, num_res_blocks, num_head_channels } = this.options;
    const { dropout, use_scale_shift_norm, resblock_updown, conv_resample } = this.options;
    const { image_size, attention_resolutions, in_channels, out_channels } = this.options;
    const first = channels[0] as number;
    const embedding = 4 * first;
    const levels = channels.length;
    const residual = (from: number, to: number, resample?: "down" | "up") =>
      new ResBlock(from, to, {
        embedding,
        groups,
        dropout,
        use_scale_shift_norm,
        ...(resample ? { resample } : {}),
        generator,
      });
    const attention = (c: number, heads: number) =>
      new AttentionBlock(c, {
        heads: num_head_channels > 0 ? c / num_head_channels : heads,
        groups,
        generator,
      });
    const attends = (level: number) => attention_resolutions.includes(image_size / 2 ** level);

    this.waves = new TimeEmbedding(first);
    this.time_embed = new nn.Sequential(
      new nn.Linear(first, embedding, { generator }),
      new nn.SiLU(),
      new nn.Linear(embedding, embedding, { generator }),
    );
    this.label_emb = num_classes ? new nn.Embedding(num_classes, embedding, { generator }) : null;

    this.input_blocks = [new Stage(conv3x3(in_channels, first, { generator }))];
    const skips = [first];
    let c = first;
    for (let level = 0; level < levels; level++) {
      for (let i = 0; i < num_res_blocks; i++) {
        const to = channels[level] as number;
        const parts: nn.Module[] = [residual(c, to)];
        c = to;
        if (attends(level)) parts.push(attention(c, this.options.num_heads));
        this.input_blocks.push(new Stage(...parts));
        skips.push(c);
      }
      if (level === levels - 1) continue;
      this.input_blocks.push(
        new Stage(
          resblock_updown
            ? residual(c, c, "down")
            : new Downsample(c, { conv: conv_resample, generator }),
        ),
      );
      skips.push(c);
    }

    this.middle_block = new Stage(
      residual(c, c),
      attention(c, this.options.num_heads),
      residual(c, c),
    );

    this.output_blocks = [];
    for (let level = levels - 1; level >= 0; level--) {
      for (let i = 0; i <= num_res_blocks; i++) {
        const to = channels[level] as number;
        const parts: nn.Module[] = [residual(c + (skips.pop() as number), to)];
        c = to;
        if (attends(level)) parts.push(attention(c, this.options.num_heads_upsample));
        if (level > 0 && i === num_res_blocks)
          parts.push(
            resblock_updown
              ? residual(c, c, "up")
              : new Upsample(c, { conv: conv_resample, generator }),
          );
        this.output_blocks.push(new Stage(...parts));
      }
    }

    this.out = new nn.Sequential(
      new nn.GroupNorm(groups, c),
      new nn.SiLU(),
      zeroed(conv3x3(c, out_channels, { generator })),
    );
  }

  /**
   * Throws a BridgeError for channels or sizes that do not fit the network, and for a class where it knows none
   * (or none where it needs one).
   */
  forward(x: Tensor, t: Tensor, { y, cond }: Conditions = {}): Tensor {
    const { temb_scale, use_checkpoint, in_channels, num_classes, channels } = this.options;
    const halvings = channels.length - 1;
    checkInputs("UNet", { in_channels, halvings, num_classes }, x, t, { y, cond });
    const waves = this.waves.forward(t.reshape([-1]).mul(temb_scale).add(1));
    let emb = this.time_embed.forward(waves);
    if (this.label_emb && y) emb = emb.add(this.label_emb.forward(y));
    emb = emb.silu();
    let h = cond ? cat([x, cond], { dim: 1 }) : x;
    const skips = this.input_blocks.map((stage) => {
      h = stage.forward(h, emb, use_checkpoint);
      return h;
    });
    h = this.middle_block.forward(h, emb, use_checkpoint);
    for (const stage of this.output_blocks)
      h = stage.forward(cat([h, skips.pop() as Tensor], { dim: 1 }), emb, use_checkpoint);
    return this.out.forward(h);
  }
}

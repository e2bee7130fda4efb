import type { Conditions } from "@dsbm/bridge";
import {
  autocast,
  cat,
  gradEnabled,
  nn,
  scaledDotProductAttention,
  type Tensor,
} from "@dsbm/torch";
import { checkInputs } from "./keys.js";
import {
  channelsLast,
  conv3x3,
  pointwise,
  type Seeded,
  TimeEmbedding,
  tidyWithoutGrad,
  zeroConv,
} from "./layers.js";
import { type CompleteUNetOptions, completeUNet, type UNetOptions } from "./options.js";
import { ResBlock } from "./res-block.js";
import { Downsample, Upsample } from "./resample.js";

class Stage extends nn.Module {
  readonly #modules: nn.Module[];
  constructor(...modules: (nn.Module | null)[]) {
    super();
    this.#modules = modules.filter((module) => module !== null);
  }
  override *namedChildren(): Generator<[string, nn.Module]> {
    for (const [i, module] of this.#modules.entries()) yield [String(i), module];
  }
  /** `recompute` computes activations again in the backward pass. */
  forward(x: Tensor, emb: Tensor, recompute?: boolean): Tensor {
    const run = () =>
      this.#modules.reduce((h, module) => {
        const inputs: [Tensor, ...Tensor[]] = module instanceof ResBlock ? [h, emb] : [h];
        const block = module instanceof ResBlock || module instanceof AttentionBlock;
        return recompute && block ? nn.checkpoint(module, inputs) : module.forward(...inputs);
      }, x);
    return tidyWithoutGrad(run);
  }
}

/** Makers of the layers of a network; each call draws initial weights. */
function makersOf(options: CompleteUNetOptions, { generator }: Seeded) {
  const { num_head_channels, groups, image_size, attention_resolutions } = options;
  const blockOptions = { ...options, embedding: 4 * (options.channels[0] as number), generator };
  const residual = (from: number, to: number) => new ResBlock(from, to, blockOptions);
  const attention = (c: number, count: number) => {
    const heads = num_head_channels ? c / num_head_channels : count;
    return new AttentionBlock(c, { heads, groups, generator });
  };
  /** Attention if the level has it. */
  const attending = (level: number, c: number, heads: number) =>
    attention_resolutions.includes(image_size / 2 ** level) ? attention(c, heads) : null;
  const resample = (c: number, direction: "down" | "up") => {
    if (options.resblock_updown)
      return new ResBlock(c, c, { ...blockOptions, resample: direction });
    const layer = { conv: options.conv_resample, generator };
    return direction === "down" ? new Downsample(c, layer) : new Upsample(c, layer);
  };
  return { residual, attention, attending, resample };
}

/**
 * x [B, C, H, W], t [B] in [0, 1] → [B, out_channels, H, W]; guided-diffusion's parameter names
 * (`input_blocks.1.0.in_layers.0.weight`, …).
 */
export class UNet extends nn.Module {
  /** The options, with all defaults. */
  readonly options: CompleteUNetOptions;
  /** Embeds the time. */
  readonly positional: TimeEmbedding;
  /** MLP on the embedded time. */
  time_embed: nn.Sequential;
  /** Class embeddings; null without `class_cond`. */
  label_emb: nn.Embedding | null;
  /** For a network of both directions: embeddings of backward and forward. */
  direction_emb: nn.Embedding | null;
  /** Stages from the image down to the smallest size. */
  input_blocks: Stage[];
  /** Blocks at the smallest size. */
  middle_block: Stage;
  /** Back up, each with the output of an input block. */
  output_blocks: Stage[];
  /** Normalisation, SiLU, convolution. */
  out: nn.Sequential;
  readonly #last: { norm: nn.GroupNorm; conv: nn.Conv2d };

  /** @throws {BridgeError} that names the key for options that make no network. */
  constructor(options: UNetOptions, { generator }: Seeded = {}) {
    super();
    this.options = completeUNet(options);
    const { channels, num_classes, num_res_blocks, num_heads, num_heads_upsample } = this.options;
    const { groups, in_channels, out_channels } = this.options;
    const [first] = channels as [number];
    const embedding = 4 * first;
    const coarsest = channels.length - 1;
    const { residual, attention, attending, resample } = makersOf(this.options, { generator });

    this.positional = new TimeEmbedding(first);
    this.time_embed = new nn.Sequential(
      new nn.Linear(first, embedding, { generator }),
      new nn.SiLU(),
      new nn.Linear(embedding, embedding, { generator }),
    );
    this.label_emb = num_classes ? new nn.Embedding(num_classes, embedding, { generator }) : null;
    this.direction_emb = this.options.bidirectional
      ? new nn.Embedding(2, embedding, { generator })
      : null;

    this.input_blocks = [new Stage(conv3x3(in_channels, first, { generator }))];
    const skips = [first];
    let c = first;
    for (const [level, to] of channels.entries()) {
      for (let i = 0; i < num_res_blocks; i++) {
        this.input_blocks.push(new Stage(residual(c, to), attending(level, to, num_heads)));
        c = to;
        skips.push(c);
      }
      if (level === coarsest) continue;
      this.input_blocks.push(new Stage(resample(c, "down")));
      skips.push(c);
    }

    this.middle_block = new Stage(residual(c, c), attention(c, num_heads), residual(c, c));

    this.output_blocks = [];
    for (const [i, to] of channels.toReversed().entries()) {
      const level = coarsest - i;
      for (let block = 0; block <= num_res_blocks; block++) {
        const module = residual(c + (skips.pop() as number), to);
        c = to;
        const attended = attending(level, c, num_heads_upsample);
        const last = level > 0 && block === num_res_blocks;
        this.output_blocks.push(new Stage(module, attended, last ? resample(c, "up") : null));
      }
    }

    const norm = new nn.GroupNorm(groups, c);
    const conv = zeroConv(conv3x3(c, out_channels, { generator }));
    this.#last = { norm, conv };
    this.out = new nn.Sequential(norm, new nn.SiLU(), conv);
  }

  /** @throws {BridgeError} for channels, sizes, times or conditions that do not fit the network. */
  forward(x: Tensor, t: Tensor, { y, cond, direction }: Conditions = {}): Tensor {
    const { temb_scale, use_checkpoint, in_channels, num_classes, channels } = this.options;
    const halvings = channels.length - 1;
    checkInputs("UNet", { in_channels, halvings, num_classes }, x, { y, cond });
    const times = this.positional.forward(t.reshape([-1]).mul(temb_scale).add(1));
    let emb = this.time_embed.forward(times);
    if (this.label_emb && y) emb = emb.add(this.label_emb.forward(y));
    if (this.direction_emb && direction)
      emb = emb.add(this.direction_emb.forward(direction.to("int64")));
    emb = emb.silu();
    let h = cond ? cat([x, cond], { dim: 1 }) : x;
    const skips = this.input_blocks.map((stage) => {
      h = channelsLast(stage.forward(h, emb, use_checkpoint));
      return h;
    });
    h = this.middle_block.forward(h, emb, use_checkpoint);
    for (const stage of this.output_blocks) {
      const parts = [h, skips.pop() as Tensor];
      h = tidyWithoutGrad(() => stage.forward(cat(parts, { dim: 1 }), emb, use_checkpoint));
      // Not used again: without gradients their memory is free for the next stage.
      if (!gradEnabled()) for (const part of parts) part.dispose();
    }
    const { norm, conv } = this.#last;
    return tidyWithoutGrad(() => conv.forward(norm.silu(h)));
  }
}

/** x [B, C, …] plus attention of each pixel to all pixels; heads of C/`heads` channels. */
class AttentionBlock extends nn.Module {
  norm: nn.GroupNorm;
  qkv: nn.Conv1d;
  proj_out: nn.Conv1d;
  readonly heads: number;

  constructor(
    channels: number,
    { heads, groups, generator }: { heads: number; groups: number } & Seeded,
  ) {
    super();
    this.heads = heads;
    this.norm = new nn.GroupNorm(groups, channels);
    this.qkv = new nn.Conv1d(channels, 3 * channels, 1, { generator });
    this.proj_out = zeroConv(new nn.Conv1d(channels, channels, 1, { generator }));
  }

  forward(x: Tensor): Tensor {
    const [n, c] = x.shape as [number, number];
    // The attention kernel needs channels next to each other: queries, keys, then values of each head.
    const { weight, bias } = this.qkv;
    const rows = this.norm.forward(x).reshape([n, c, -1]).transpose(1, 2).reshape([-1, c]);
    const [q, k, v] = nn
      .affine(this.qkv, rows, { weight: weight.reshape([3 * c, c]), bias })
      .reshape([n, -1, this.heads, 3, c / this.heads])
      .transpose(1, 2)
      .unbind({ dim: 3 }) as [Tensor, Tensor, Tensor];
    const attended = attention(q, k, v).transpose(1, 2).reshape([n, -1, c]);
    return pointwise(this.proj_out, attended.transpose(1, 2), this.proj_out)
      .reshape(x.shape)
      .add_(x);
  }
}

function attention(...parts: [Tensor, Tensor, Tensor]): Tensor {
  const [first] = parts;
  if (first.device !== "cpu" || first.dtype !== "bfloat16")
    return scaledDotProductAttention(...parts);
  const [q, k, v] = parts.map((x) => x.to("float32")) as typeof parts;
  return autocast(null, () => scaledDotProductAttention(q, k, v));
}

import type { Conditions } from "@dsbm/bridge";
import { cat, nn, type Tensor } from "@dsbm/torch";
import { checkInputs } from "../unet/keys.js";
import {
  addEmbedding,
  channelsLast,
  conv3x3,
  type Seeded,
  TimeEmbedding,
  tidyWithoutGrad,
  zeroConv,
} from "../unet/layers.js";
import { ResBlock } from "../unet/res-block.js";
import { Downsample, Upsample } from "../unet/resample.js";
import {
  type CompleteDownscalerUNetOptions,
  completeDownscalerUNet,
  type DownscalerUNetOptions,
  firstGroups,
  groups,
  halvings,
} from "./options.js";

interface Level {
  conv: nn.Module;
  dense: nn.Linear;
  gnorm: NormAct | null;
}

/**
 * The downscaling network (Bischoff 2024, Shi 2023), whose spatial means bypass the normalisations: x [B, C, H, W], t
 * [B] in [0, 1], condition [B, C′, H, W] → [B, out_channels, H, W], H and W multiples of 8; published parameter names
 * (`conv1.weight`, `middle_block.0.…`, …).
 */
export class DownscalerUNet extends nn.Module {
  /** The options, with all defaults. */
  readonly options: CompleteDownscalerUNetOptions;
  readonly #positional: TimeEmbedding;
  readonly #time: nn.Sequential;
  readonly #bypass: MeanBypass | null;
  readonly #down: Level[];
  readonly #middle: ResBlock[];
  readonly #gnorm4: NormAct;
  readonly #up: (Level & { gnorm: NormAct })[];
  readonly #out: nn.Conv2d;

  /** @throws {BridgeError} with the key's name for impossible options. */
  constructor(options: DownscalerUNetOptions, { generator }: Seeded = {}) {
    super();
    this.options = completeDownscalerUNet(options);
    const { in_channels, out_channels, channels, embed_dim, num_res_blocks } = this.options;
    const { dropout, mean_bypass, padding_mode } = this.options;
    const start = { generator, paddingMode: padding_mode };
    const [c1, c2, c3, c4] = channels;
    const dense = (to: number) => new nn.Linear(embed_dim, to, { generator });
    const level = (conv: nn.Module, to: number, count = groups) => ({
      conv,
      dense: dense(to),
      gnorm: new NormAct(count, to),
    });
    const down = (from: number, to: number) =>
      level(new Downsample(from, { conv: true, to, ...start }), to);
    const up = (from: number, to: number) =>
      level(new Upsample(from, { conv: true, to, ...start }), to);

    this.#positional = new TimeEmbedding(embed_dim);
    this.#time = new nn.Sequential(dense(embed_dim), new nn.SiLU());
    this.#bypass = mean_bypass
      ? new MeanBypass(in_channels, out_channels, { embed_dim, generator })
      : null;
    this.#down = [
      level(conv3x3(in_channels, c1, start), c1, firstGroups),
      down(c1, c2),
      down(c2, c3),
      { ...down(c3, c4), gnorm: null },
    ];
    const blockOptions = {
      embedding: embed_dim,
      groups: Math.min(c4 / 4, groups),
      dropout,
      use_scale_shift_norm: false,
      ...start,
    };
    this.#middle = Array.from({ length: num_res_blocks }, () => new ResBlock(c4, c4, blockOptions));
    this.#gnorm4 = new NormAct(groups, c4);
    this.#up = [up(c4, c3), up(2 * c3, c2), up(2 * c2, c1)];
    this.#out = zeroConv(conv3x3(2 * c1, out_channels, start));
  }

  override *namedChildren(): Generator<[string, nn.Module]> {
    yield ["positional", this.#positional];
    yield ["time_embed", this.#time];
    if (this.#bypass) yield* this.#bypass.namedChildren();
    yield* namedLayers(this.#down, ["conv", "dense", "gnorm"], [1, 2, 3, 4]);
    for (const [i, block] of this.#middle.entries()) yield [`middle_block.${i}`, block];
    yield ["gnorm4", this.#gnorm4];
    yield* namedLayers(this.#up, ["tconv", "denset", "tgnorm"], [4, 3, 2]);
    yield ["tconv1", this.#out];
  }

  /** @throws {BridgeError} for wrong channels or sizes, and for classes. */
  forward(x: Tensor, t: Tensor, { y, cond }: Conditions = {}): Tensor {
    const { temb_scale, in_channels, shift_output, scale_mean_bypass } = this.options;
    checkInputs("DownscalerUNet", { in_channels, halvings }, x, { y, cond });
    const times = this.#positional.forward(t.reshape([-1]).mul(temb_scale).add(1));
    const emb = this.#time.forward(times);
    const input = cond ? cat([x, cond], { dim: 1 }) : x;

    let h = input;
    const skips: Tensor[] = [];
    for (const { conv, dense, gnorm } of this.#down) {
      h = addEmbedding(channelsLast(conv.forward(h)), dense, emb);
      if (gnorm) h = gnorm.forward(h);
      skips.push(h);
    }
    skips.pop();
    // The residual blocks activate the embedding once more.
    const active = emb.silu();
    for (const block of this.#middle) {
      const x = h;
      h = tidyWithoutGrad(() => block.forward(x, active));
    }
    h = this.#gnorm4.forward(h);
    for (const { conv, dense, gnorm } of this.#up) {
      const x = h;
      h = tidyWithoutGrad(() => {
        const output = gnorm.forward(addEmbedding(conv.forward(x), dense, emb));
        return cat([output, skips.pop() as Tensor], { dim: 1 });
      });
    }
    h = this.#out.forward(h);

    const means = (image: Tensor) => image.mean([2, 3], { keepdim: true });
    if (shift_output) h = h.sub(means(h));
    if (!this.#bypass) return h;
    const around = this.#bypass.forward(means(input), emb);
    const pixels = x.size(2) * x.size(3);
    return h.add(scale_mean_bypass ? around.mul(1 / Math.sqrt(pixels)) : around);
  }
}

function* namedLayers(
  levels: readonly Level[],
  [conv, dense, gnorm]: [string, string, string],
  numbers: readonly number[],
): Generator<[string, nn.Module]> {
  for (const [i, level] of levels.entries()) {
    yield [`${conv}${numbers[i]}`, level.conv];
    yield [`${dense}${numbers[i]}`, level.dense];
    if (level.gnorm) yield [`${gnorm}${numbers[i]}`, level.gnorm];
  }
}

/** GroupNorm and SiLU; parameters `0.weight`, `0.bias`. */
class NormAct extends nn.Sequential {
  readonly #norm: nn.GroupNorm;
  constructor(count: number, channels: number) {
    const norm = new nn.GroupNorm(count, channels);
    super(norm, new nn.SiLU());
    this.#norm = norm;
  }
  override forward(x: Tensor): Tensor {
    return this.#norm.silu(x);
  }
}

/**
 * Spatial means [B, C, 1, 1], embedding [B, e] → [B, out, 1, 1]. A normalisation group needs more than 2 of its
 * `embed_dim`/32 numbers: with 1 the result depends on the time only, with 2 on the order of float32 sums.
 */
class MeanBypass extends nn.Module {
  mean_skip_1: nn.Conv2d;
  mean_skip_2: nn.Conv2d;
  mean_skip_3: nn.Conv2d;
  mean_dense_1: nn.Linear;
  mean_dense_2: nn.Linear;
  mean_gnorm_1: NormAct;
  mean_gnorm_2: NormAct;

  constructor(from: number, to: number, { embed_dim, ...seed }: { embed_dim: number } & Seeded) {
    super();
    this.mean_skip_1 = new nn.Conv2d(from, embed_dim, 1, seed);
    this.mean_skip_2 = new nn.Conv2d(embed_dim, embed_dim, 1, seed);
    this.mean_skip_3 = new nn.Conv2d(embed_dim, to, 1, seed);
    this.mean_dense_1 = new nn.Linear(embed_dim, embed_dim, seed);
    this.mean_dense_2 = new nn.Linear(embed_dim, embed_dim, seed);
    this.mean_gnorm_1 = new NormAct(groups, embed_dim);
    this.mean_gnorm_2 = new NormAct(groups, embed_dim);
  }

  forward(means: Tensor, emb: Tensor): Tensor {
    const one = addEmbedding(this.mean_skip_1.forward(means), this.mean_dense_1, emb);
    const h = this.mean_skip_2.forward(this.mean_gnorm_1.forward(one));
    const two = addEmbedding(h, this.mean_dense_2, emb);
    return this.mean_skip_3.forward(this.mean_gnorm_2.forward(two));
  }
}

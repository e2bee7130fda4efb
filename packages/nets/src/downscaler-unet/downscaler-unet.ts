// The network of the downscaling experiment (Bischoff 2024, Shi 2023): a UNet of four resolutions whose way around
// carries the spatial means, which a normalised network loses.

import type { Conditions } from "@dsbm/bridge";
import { cat, nn, type Tensor } from "@dsbm/torch";
import { checkInputs } from "../unet/checks.js";
import { conv3x3, type Seeded, zeroed } from "../unet/layers.js";
import { ResBlock } from "../unet/res-block.js";
import { Downsample, Upsample } from "../unet/resample.js";
import { TimeEmbedding } from "../unet/time-embedding.js";
import { MeanBypass, NormAct, steered } from "./layers.js";
import {
  type CompleteDownscalerUNetOptions,
  completeDownscalerUNet,
  type DownscalerUNetOptions,
  firstGroups,
  groups,
  halvings,
} from "./options.js";

/** A convolution, what the time adds to it, and the normalised activation, where one follows at once. */
interface Rung {
  conv: nn.Module;
  dense: nn.Linear;
  gnorm: NormAct | null;
}

/**
 * x [B, C, H, W], t [B] in [0, 1], condition [B, C′, H, W] → [B, out_channels, H, W]; H and W are multiples of 8.
 * The parameters bear the published names (`conv1.weight`, `dense1.weight`, `gnorm1.0.weight`, `middle_block.0.…`,
 * `tconv4.conv.weight`, `mean_skip_1.weight`, …).
 */
export class DownscalerUNet extends nn.Module {
  readonly options: CompleteDownscalerUNetOptions;
  readonly #waves: TimeEmbedding;
  readonly #time: nn.Sequential;
  readonly #bypass: MeanBypass | null;
  /** From fine to coarse: conv1 … conv4; the last one's normalisation stands behind the middle. */
  readonly #down: Rung[];
  readonly #middle: ResBlock[];
  readonly #gnorm4: NormAct;
  /** From coarse to fine: tconv4 … tconv2. */
  readonly #up: (Rung & { gnorm: NormAct })[];
  readonly #out: nn.Conv2d;

  /** Throws a BridgeError that names the key for options of which no network can be made. */
  constructor(options: DownscalerUNetOptions, { generator }: Seeded = {}) {
    super();
    this.options = completeDownscalerUNet(options);
    const { in_channels, out_channels, channels, embed_dim, num_res_blocks } = this.options;
    const { dropout, mean_bypass, padding_mode } = this.options;
    const start = { generator, paddingMode: padding_mode };
    const [c1, c2, c3, c4] = channels;
    const dense = (to: number) => new nn.Linear(embed_dim, to, { generator });

    this.#waves = new TimeEmbedding(embed_dim);
    this.#time = new nn.Sequential(dense(embed_dim), new nn.SiLU());
    this.#bypass = mean_bypass
      ? new MeanBypass(in_channels, out_channels, { embed_dim, generator })
      : null;

    const down = (from: number, to: number): Rung => ({
      conv: new Downsample(from, { conv: true, to, ...start }),
      dense: dense(to),
      gnorm: new NormAct(groups, to),
    });
    this.#down = [
      {
        conv: conv3x3(in_channels, c1, start),
        dense: dense(c1),
        gnorm: new NormAct(firstGroups, c1),
      },
      down(c1, c2),
      down(c2, c3),
      { ...down(c3, c4), gnorm: null },
    ];

    this.#middle = Array.from(
      { length: num_res_blocks },
      () =>
        new ResBlock(c4, c4, {
          embedding: embed_dim,
          groups: Math.min(c4 / 4, groups),
          dropout,
          use_scale_shift_norm: false,
          ...start,
        }),
    );
    this.#gnorm4 = new NormAct(groups, c4);

    const up = (from: number, to: number) => ({
      conv: new Upsample(from, { conv: true, to, ...start }),
      dense: dense(to),
      gnorm: new NormAct(groups, to),
    });
    this.#up = [up(c4, c3), up(2 * c3, c2), up(2 * c2, c1)];
    this.#out = zeroed(conv3x3(2 * c1, out_channels, start));
  }

  /** The published names, in the published order. */
  override *namedChildren(): Generator<[string, nn.Module]> {
    yield ["waves", this.#waves];
    yield ["time_embed", this.#time];
    if (this.#bypass) yield* this.#bypass.namedChildren();
    yield* rungs(this.#down, ["conv", "dense", "gnorm"], [1, 2, 3, 4]);
    for (const [i, block] of this.#middle.entries()) yield [`middle_block.${i}`, block];
    yield ["gnorm4", this.#gnorm4];
    yield* rungs(this.#up, ["tconv", "denset", "tgnorm"], [4, 3, 2]);
    yield ["tconv1", this.#out];
  }

  /** Throws a BridgeError for channels or sizes that do not fit the network, and for classes, which it cannot use. */
  forward(x: Tensor, t: Tensor, { y, cond }: Conditions = {}): Tensor {
    const { temb_scale, in_channels, shift_output, scale_mean_bypass } = this.options;
    checkInputs("DownscalerUNet", { in_channels, halvings }, x, t, { y, cond });
    const waves = this.#waves.forward(t.reshape([-1]).mul(temb_scale).add(1));
    const emb = this.#time.forward(waves);
    const input = cond ? cat([x, cond], { dim: 1 }) : x;

    let h = input;
    const skips: Tensor[] = [];
    for (const { conv, dense, gnorm } of this.#down) {
      h = steered(conv.forward(h), dense, emb);
      if (gnorm) h = gnorm.forward(h);
      skips.push(h);
    }
    skips.pop();
    // The blocks activate the embedding once more.
    const active = emb.silu();
    for (const block of this.#middle) h = block.forward(h, active);
    h = this.#gnorm4.forward(h);
    for (const { conv, dense, gnorm } of this.#up)
      h = cat([gnorm.forward(steered(conv.forward(h), dense, emb)), skips.pop() as Tensor], {
        dim: 1,
      });
    h = this.#out.forward(h);

    const means = (image: Tensor) => image.mean([2, 3], { keepdim: true });
    if (shift_output) h = h.sub(means(h));
    if (!this.#bypass) return h;
    const around = this.#bypass.forward(means(input), emb);
    const pixels = x.size(2) * x.size(3);
    return h.add(scale_mean_bypass ? around.mul(1 / Math.sqrt(pixels)) : around);
  }
}

function* rungs(
  list: readonly Rung[],
  [conv, dense, gnorm]: [string, string, string],
  numbers: readonly number[],
): Generator<[string, nn.Module]> {
  for (const [i, rung] of list.entries()) {
    yield [`${conv}${numbers[i]}`, rung.conv];
    yield [`${dense}${numbers[i]}`, rung.dense];
    if (rung.gnorm) yield [`${gnorm}${numbers[i]}`, rung.gnorm];
  }
}

// What all networks for images promise: every option runs and trains all parameters, recorded training is training,
// conditions reach the result, and what does not fit is refused in one line.

import type { Conditions, Network } from "@dsbm/bridge";
import type { Tensor } from "@dsbm/torch";
import * as T from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../test/support/in-scope.js";
import {
  idle,
  images,
  refuses,
  shaken,
  small,
  times,
  train,
} from "../../../../test/support/networks.js";
import { distance, seeded } from "../../../../test/support/numbers.js";
import { startFrom } from "../../../../test/support/start.js";
import { DDPMpp } from "../src/ddpmpp/ddpmpp.js";
import { completeDDPMpp } from "../src/ddpmpp/options.js";
import { DownscalerUNet } from "../src/downscaler-unet/downscaler-unet.js";
import { completeDownscalerUNet } from "../src/downscaler-unet/options.js";
import { completeUNet } from "../src/unet/options.js";
import { UNet } from "../src/unet/unet.js";

startFrom(3);

type Options = Record<string, unknown>;
type Refusal = [options: Options, message: RegExp];

interface Kind {
  name: string;
  network: new (options: never, seed: { generator: T.Generator }) => Network;
  /** A small network for images of 8×8 pixels. */
  small: Options;
  complete: (options: never) => object;
  /**
   * A preset: its options, their completion (if parameters do not show it), and the number of its
   * parameters.
   */
  preset: { options: Options; complete: Options; parameters: number };
  /** Options to run and train with; the first ones are also trained recorded. */
  cases: Options[];
  recorded: number;
  /** Parameters that may have no gradient. */
  still?: (name: string, options: Options) => boolean;
  /** How far an image may be from itself in another batch (default 1e-5). */
  rounding?: number;
  refused: Refusal[];
  /** The channels at which a small network takes two channels and one of a condition. */
  conditioned: Options;
  /** A multiple of the image sizes that the network takes. */
  multiple: number;
}

const pyramids = ["none", "output_skip", "residual"].flatMap((progressive) =>
  [
    { progressive_input: "none" },
    { progressive_input: "input_skip" },
    { progressive_input: "input_skip", progressive_combine: "cat" },
    { progressive_input: "residual" },
  ].map((input, i) => ({
    ...{ progressive, ...input },
    ...(i % 2 === 0
      ? { fir: false, resblock_type: "biggan" }
      : { fir: true, resblock_type: "ddpm" }),
  })),
);

const kinds: Kind[] = [
  {
    name: "UNet",
    network: UNet,
    small: small.unet,
    complete: completeUNet,
    preset: {
      options: { image_size: 28, in_channels: 1 },
      parameters: 6_615_361,
      complete: {
        dropout: 0.1,
        attention_resolutions: [],
        channel_mult: [0.5, 1, 1],
        groups: 32,
        num_heads: 4,
        num_heads_upsample: 4,
        num_head_channels: null,
        num_classes: null,
        use_checkpoint: false,
        temb_scale: 1000,
        channels: [64, 128, 128],
        out_channels: 1,
      },
    },
    recorded: 2,
    cases: [
      { dropout: 0.3, use_checkpoint: true },
      { dropout: 0.3, resblock_updown: true, use_scale_shift_norm: false },
      { channel_mult: "1,2,2", num_res_blocks: 2 },
      { channel_mult: [1], attention_resolutions: [8] },
      { attention_resolutions: "" },
      { attention_resolutions: "8,4", num_heads_upsample: 4 },
      { num_head_channels: 4 },
      { use_scale_shift_norm: false },
      { conv_resample: false },
      { temb_scale: 1 },
      { num_classes: 4 },
      { in_channels: 3, out_channels: 2 },
      { num_channels: 64 },
      { dropout: 0 },
    ],
    refused: [
      [
        { image_size: 27, channel_mult: null },
        /no default channel_mult for .* 27 \(only for 28, 32/,
      ],
      [{ image_size: 27, channel_mult: "1,1,1" }, /halved 2 times.*multiple of 4/],
      [{ channel_mult: "0.3,1" }, /4 channels at resolution 1.*multiple of 8/],
      [{ channel_mult: "1,two" }, /channel_mult has the entry "two"; expected positive/],
      [{ attention_resolutions: "2" }, /attention_resolutions has 2;.* are 8, 4$/],
      [{ num_heads: 3 }, /attention over 32 channels cannot have 3 heads; choose num_heads/],
      [{ num_heads_upsample: 5 }, /cannot have 5 heads; choose num_heads_upsample/],
    ],
    conditioned: { in_channels: 3, out_channels: 2 },
    multiple: 2,
  },
  {
    name: "DownscalerUNet",
    network: DownscalerUNet,
    small: small.downscaler,
    complete: completeDownscalerUNet,
    preset: {
      options: { in_channels: 3, out_channels: 2 },
      parameters: 11_292_900,
      complete: {
        dropout: 0.5,
        embed_dim: 256,
        temb_scale: 30,
        channels: [32, 64, 128, 256],
        mean_bypass: true,
        scale_mean_bypass: true,
        shift_input: true,
        shift_output: true,
        padding_mode: "zeros",
      },
    },
    recorded: 2,
    cases: [
      {},
      { padding_mode: "circular" },
      { channel_mult: [1, 2, 3, 2], num_res_blocks: 2 },
      { embed_dim: 96 },
      { mean_bypass: false, embed_dim: 6 },
      { shift_output: false, scale_mean_bypass: false },
      { temb_scale: 1000 },
      { in_channels: 2, out_channels: 1 },
    ],
    // A constant before a normalisation of single channels changes nothing, nor does one in an output whose mean is
    // subtracted: its gradient may be exactly 0.
    still: (name, { shift_output }) =>
      /^(tconv[234]\.conv|conv[234]\.op)\.bias$|^denset?\d\./.test(name) ||
      (name === "tconv1.bias" && shift_output !== false),
    // Its bypass normalises groups of few numbers, which makes rounding larger.
    rounding: 5e-5,
    refused: [
      [{ channel_mult: "1,2,4" }, /channel_mult has 3 entries; expected 4/],
      [{ num_channels: 48 }, /48 channels at resolution 1 .* expected a multiple of 32/],
      [{ embed_dim: 48 }, /embed_dim is 48; expected a multiple of 32, the groups/],
      [{ image_size: 100 }, /100 cannot be halved 3 times/],
    ],
    conditioned: { in_channels: 3, out_channels: 2 },
    multiple: 8,
  },
  {
    name: "DDPMpp",
    network: DDPMpp,
    small: small.ddpmpp,
    complete: completeDDPMpp,
    preset: {
      options: { image_size: 32, in_channels: 3 },
      parameters: 61_804_419,
      complete: {
        dropout: 0.15,
        attn_resolutions: [16],
        fir: false,
        fir_kernel: [1, 3, 3, 1],
        progressive: "none",
        progressive_input: "none",
        progressive_combine: "sum",
        resblock_type: "biggan",
        resamp_with_conv: true,
        skip_rescale: true,
        init_scale: 0,
        temb_scale: 1000,
        out_channels: 3,
      },
    },
    recorded: 2,
    cases: [
      { fir: true, progressive: "output_skip", progressive_input: "input_skip" },
      { fir: true, progressive: "residual", progressive_input: "residual", resblock_type: "ddpm" },
      ...pyramids,
      { ch_mult: [1], attn_resolutions: [8] },
      { ch_mult: "1,1,2", num_res_blocks: 2, attn_resolutions: "" },
      { ch_mult: "1,1,2", fir: true, progressive: "residual", progressive_input: "residual" },
      { resblock_type: "ddpm", resamp_with_conv: false },
      { resblock_type: "ddpm", resamp_with_conv: false, fir: true },
      { fir: true, fir_kernel: "1,2,1", progressive: "residual", progressive_input: "residual" },
      { skip_rescale: false, progressive: "residual", progressive_input: "residual" },
      { init_scale: 1, dropout: 0, temb_scale: 1 },
      { in_channels: 3, out_channels: 2, progressive: "output_skip" },
    ],
    refused: [
      [{ image_size: 27 }, /27 cannot be halved 1 times, as the 2 entries of ch_mult/],
      [{ ch_mult: "" }, /ch_mult is empty/],
      [{ ch_mult: "1,two" }, /ch_mult has the entry "two"; expected positive numbers/],
      [{ nf: 30 }, /of 30 channels; expected a multiple of 4 .*choose another nf/],
      [{ attn_resolutions: "2" }, /attn_resolutions has 2;.* are 8, 4$/],
      [{ fir_kernel: "1" }, /fir_kernel has 1 taps; expected at least 2/],
    ],
    conditioned: {
      in_channels: 3,
      out_channels: 2,
      progressive: "output_skip",
      progressive_input: "input_skip",
    },
    multiple: 2,
  },
];

describe.each(kinds)("$name", (kind) => {
  const make = (changes: Options = {}, seed = 1) =>
    shaken(new kind.network({ ...kind.small, ...changes } as never, { generator: seeded(seed) }), {
      seed: seed + 1,
      by: kind.name === "DownscalerUNet" ? 0.05 : 0.1,
    });

  it("has the options and the number of parameters of its preset", () => {
    expect(kind.complete(kind.preset.options as never)).toMatchObject(kind.preset.complete);
    using net = new kind.network(kind.preset.options as never, { generator: seeded(1) });
    expect(net.parameterCount()).toBe(kind.preset.parameters);
  });
  const named = kind.cases.map((options) => [JSON.stringify(options), options] as const);
  it.each(named)("runs and trains every parameter: %s", (_, options) => {
    using net = make(options);
    const { in_channels = 1, num_classes } = options as {
      in_channels?: number;
      num_classes?: number;
    };
    const y = num_classes ? { y: T.arange(0, 3, { dtype: "int64" }) } : {};
    const out = net.forward(images(3, in_channels), times(3), y);
    const channels = (options.out_channels ?? in_channels) as number;
    expect(out.shape).toEqual([3, channels, 8, 8]);
    out
      .sub(images(3, channels, 8, 4))
      .square()
      .mean()
      .backward();
    expect(idle(net).filter((name) => !kind.still?.(name, options))).toEqual([]);
    net.zeroGrad();
  });

  it.each(named.slice(0, kind.recorded))(
    "recorded is training unrecorded, bit for bit: %s",
    (_, options) => {
      const plain = train(() => make(options), { record: false });
      expect(train(() => make(options), { record: true })).toEqual(plain);
      expect(new Set(plain.losses).size).toBe(3);
    },
  );

  it("drops out in training, not in evaluation", () => {
    using net = make({ dropout: 0.3 });
    const run = () => T.noGrad(() => net.forward(images(2), times(2)));
    expect(distance(run(), run())).toBeGreaterThan(1e-3);
    net.eval();
    expect(distance(run(), run())).toBe(0);
  });

  it("gives an image the same result in any batch, as simulation in chunks needs it", () => {
    using net = make().eval();
    const x = images(7);
    const t = times(7);
    const run = (begin: number, n: number) =>
      T.noGrad(() => net.forward(x.narrow(0, begin, n), t.narrow(0, begin, n)));
    const whole = run(0, 7);
    // To rounding: some processors take another convolution for one image than for seven.
    for (const [begin, n] of [
      [0, 3],
      [3, 4],
      [6, 1],
    ])
      expect(distance(run(begin, n), whole.narrow(0, begin, n))).toBeLessThan(
        kind.rounding ?? 1e-5,
      );
  });

  it("takes time, a condition as further channels of x, and images of other sizes", () => {
    using net = make(kind.conditioned).eval();
    const x = images(2, 2);
    const cond = images(2, 1, 8, 9);
    const t = times(2);
    const run = (at: Tensor, given: Conditions, of = x) =>
      T.noGrad(() => net.forward(of, at, given));
    const base = run(t, { cond });
    expect(base.shape).toEqual([2, 2, 8, 8]);
    expect(distance(run(t.mul(0.5), { cond }), base)).toBeGreaterThan(1e-3);
    expect(distance(run(t, { cond: cond.neg() }), base)).toBeGreaterThan(1e-3);
    // Times may come as [B, 1, 1, 1].
    const joined = T.cat([x, cond], { dim: 1 });
    expect(distance(run(t.view([2, 1, 1, 1]), {}, joined), base)).toBe(0);
    const height = 2 * kind.multiple;
    const width = 3 * kind.multiple;
    expect(run(times(1), {}, T.zeros([1, 3, height, width])).shape).toEqual([1, 2, height, width]);
  });

  it("refuses inputs that do not fit", () => {
    using net = make();
    using conditioned = make(kind.conditioned);
    const t = times(2);
    for (const [network, x, at, given, message] of [
      [net, images(2, 3), t, {}, /: x has 3 channels; expected in_channels = 1$/],
      [net, images(2, 1, kind.multiple + 1), t, {}, /cannot be halved \d times; .*multiples of/],
      [net, images(2), t, { y: t }, /y was given, but (this|the) network/],
      [conditioned, images(2, 2), t, {}, /expected in_channels = 3/],
    ] as [Network, Tensor, Tensor, Conditions, RegExp][])
      refuses(() => network.forward(x, at, given), message);
  });

  it.each(kind.refused)("is not built with wrong options: %j", (options, message) => {
    refuses(() => new kind.network({ ...kind.small, ...options } as never, {} as never), message);
  });
});

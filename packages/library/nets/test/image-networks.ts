// The image networks, with their sizes and facts for all tests.
import type { Network } from "@dsbm/bridge";
import type * as T from "@dsbm/torch";
import { smallNetworks } from "../../../../test/support/networks.js";
import { DDPMpp } from "../src/ddpmpp/ddpmpp.js";
import { completeDDPMpp } from "../src/ddpmpp/options.js";
import { DownscalerUNet } from "../src/downscaler-unet/downscaler-unet.js";
import { completeDownscalerUNet } from "../src/downscaler-unet/options.js";
import { completeUNet } from "../src/unet/options.js";
import { UNet } from "../src/unet/unet.js";

/** Options of a network. */
export type Options = Record<string, unknown>;
type Refusal = [options: Options, message: RegExp];

interface ImageNetwork {
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

/** The networks, a row each. */
export const imageNetworks: ImageNetwork[] = [
  {
    name: "UNet",
    network: UNet,
    small: smallNetworks.unet,
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
    small: smallNetworks.downscaler,
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
    small: smallNetworks.ddpmpp,
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

import { z } from "zod";
import {
  countKey,
  countOrNull,
  flag,
  fraction,
  key,
  numbers,
  oneOf,
  positiveKey,
} from "../schema/kinds.js";

const dropout = (p: number) => fraction(p, "probability that an activation is dropped");
const temb_scale = (scale: number) => positiveKey(scale, "factor of the time before its embedding");
const num_res_blocks = (n: number) =>
  countKey(n, "residual blocks of each resolution (DownscalerUNET: in the middle)");
const num_channels = (n: number) => countKey(n, "channels that the multipliers multiply");
const multipliers = "channel multipliers of the resolutions";

const unetSchema = z.strictObject({
  name: z.literal("UNET").describe("network; a preset chooses it"),
  num_channels: num_channels(128),
  channel_mult: numbers("0.5,1,1")
    .nullable()
    .prefault(null)
    .describe(`${multipliers}; null goes by the image size`),
  num_res_blocks: num_res_blocks(2),
  attention_resolutions: numbers("16,8", { whole: true })
    .nullable()
    .prefault("16,8")
    .describe("image sizes with attention; sizes that the network does not have are ignored"),
  num_heads: countKey(4, "heads of attention"),
  num_head_channels: countOrNull("channels of a head; null: by num_heads", 32),
  num_heads_upsample: countOrNull("heads on the way up; null is num_heads", 4),
  dropout: dropout(0.1),
  use_scale_shift_norm: flag(true, "time scales and shifts the activations instead of being added"),
  resblock_updown: flag(false, "residual blocks change the resolution"),
  conv_resample: flag(true, "convolutions change the resolution"),
  class_cond: flag(false, "the network also receives the class"),
  use_checkpoint: flag(false, "recompute activations in the backward pass to save memory"),
  temb_scale: temb_scale(1000),
});

const DownscalerUNET = z.strictObject({
  name: z.literal("DownscalerUNET"),
  num_channels: num_channels(32),
  channel_mult: numbers("1,2,4,8").prefault("1,2,4,8").describe(multipliers),
  num_res_blocks: num_res_blocks(8),
  embed_dim: countOrNull(
    "channels of the time embedding and of the bypass, a multiple of 32 (at least 256 for a bypass that carries means); null: the channels of the coarsest resolution",
    256,
  ),
  dropout: dropout(0.5),
  mean_bypass: flag(true, "the spatial means go around the network"),
  scale_mean_bypass: flag(true, "scale them by 1/sqrt(H*W)"),
  shift_input: flag(true, "has no effect, as in the published network"),
  shift_output: flag(true, "remove the output's spatial mean"),
  temb_scale: temb_scale(30),
  padding_mode: oneOf(
    ["zeros", "circular"],
    "zeros",
    "padding of convolutions; circular is the opposite side, for periodic fields",
  ),
});

/** DDPM++ and NCSN++ (Song 2021), under the names of that paper's configurations. */
const DDPMpp = z.strictObject({
  name: z.literal("DDPMpp"),
  nf: countKey(128, "channels that the multipliers multiply"),
  ch_mult: numbers("1,2,2,2").prefault("1,2,2,2").describe(multipliers),
  num_res_blocks: num_res_blocks(4),
  attn_resolutions: numbers("16,8", { whole: true })
    .nullable()
    .prefault("16")
    .describe("image sizes with attention"),
  dropout: dropout(0.15),
  resblock_type: oneOf(["biggan", "ddpm"], "biggan", "kind of residual block"),
  resamp_with_conv: flag(true, "convolutions change the resolution"),
  fir: flag(false, "change the resolution with a low-pass filter"),
  fir_kernel: numbers("1,3,3,1").prefault("1,3,3,1").describe("taps of the low-pass filter"),
  skip_rescale: flag(true, "divide sums of branches by sqrt(2)"),
  progressive: oneOf(["none", "output_skip", "residual"], "none", "pyramid at the output"),
  progressive_input: oneOf(["none", "input_skip", "residual"], "none", "pyramid at the input"),
  progressive_combine: oneOf(["sum", "cat"], "sum", "how the input's pyramid joins the network"),
  init_scale: key(z.number().nonnegative(), 0, "scale of the last layers' weights"),
  temb_scale: temb_scale(1000),
});

const mlpSchema = z.strictObject({
  name: z.literal("MLP"),
  hidden: numbers("256,256", { whole: true })
    .prefault("256,256")
    .describe("widths of the hidden layers"),
  time_frequencies: key(
    z.int().min(0),
    0,
    "frequencies of the time embedding; 0: the time is an input next to x",
  ),
});

const networksOfVectors = [mlpSchema] as const;
const networks = z.discriminatedUnion("name", [
  unetSchema,
  DownscalerUNET,
  DDPMpp,
  ...networksOfVectors,
]);

/** Whether a network takes vectors instead of images. */
export const takesVectors = ({ name }: { name: string }): boolean =>
  networksOfVectors.some(({ shape }) => shape.name.value === name);

/** Options of the network, by its name. */
export const model = networks.prefault({ name: "UNET" });

/** `model=NAME` without a preset of this name: the network with its default options. */
export const networkNames = Object.fromEntries(
  networks.options.map(({ shape: { name } }) => [name.value, { model: { name: name.value } }]),
);

/** Default channel multipliers of UNET by image size. */
export const defaultChannelMult: Readonly<Record<number, string>> = {
  16: "1,2,2",
  28: "0.5,1,1",
  32: "1,2,2,2",
  64: "1,2,2,2",
  160: "1,2,2,4",
  256: "1,1,2,2,4,4",
};

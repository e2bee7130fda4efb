// Why: each network has keys of its own (`model.…`), and names such as dropout have another default
// in each; a preset of conf/model chooses the network by `model.name`.

import { z } from "zod";
import { count, numbers } from "../schema/kinds.js";

const dropout = (p: number) =>
  z.number().min(0).lt(1).default(p).describe("probability that an activation is dropped");
const temb_scale = (scale: number) =>
  z.number().positive().default(scale).describe("the time embedding is that of t * temb_scale");
const num_res_blocks = (n: number) =>
  count().default(n).describe("residual blocks of each resolution (DownscalerUNET: in the middle)");
const num_channels = (n: number) =>
  count().default(n).describe("channels that the multipliers multiply");

/** After guided-diffusion (Dhariwal 2021). */
const UNET = z.strictObject({
  name: z.literal("UNET").describe("network; a preset chooses it"),
  num_channels: num_channels(128),
  channel_mult: numbers("0.5,1,1")
    .nullable()
    .prefault(null)
    .describe("channel multipliers of the resolutions; null goes by the image size"),
  num_res_blocks: num_res_blocks(2),
  attention_resolutions: numbers("16,8", { whole: true })
    .nullable()
    .prefault("16,8")
    .describe("image sizes with attention; what the network does not have of 16,8 is left out"),
  num_heads: count().default(4).describe("heads of attention"),
  num_head_channels: count()
    .nullable()
    .default(null)
    .meta({ description: "channels of a head; null goes by num_heads", examples: [32] }),
  num_heads_upsample: count()
    .nullable()
    .default(null)
    .meta({ description: "heads on the way up; null is num_heads", examples: [4] }),
  dropout: dropout(0.1),
  use_scale_shift_norm: z
    .boolean()
    .default(true)
    .describe("time scales and shifts the activations instead of being added"),
  resblock_updown: z.boolean().default(false).describe("residual blocks change the resolution"),
  conv_resample: z.boolean().default(true).describe("convolutions change the resolution"),
  class_cond: z.boolean().default(false).describe("the network also receives the class"),
  use_checkpoint: z
    .boolean()
    .default(false)
    .describe("recompute activations in the backward pass to save memory"),
  temb_scale: temb_scale(1000),
});

const DownscalerUNET = z.strictObject({
  name: z.literal("DownscalerUNET"),
  num_channels: num_channels(32),
  channel_mult: numbers("1,2,4,8")
    .prefault("1,2,4,8")
    .describe("channel multipliers of the resolutions"),
  num_res_blocks: num_res_blocks(8),
  embed_dim: count()
    .nullable()
    .default(null)
    .meta({
      description:
        "channels of the time embedding and of the bypass, a multiple of 32 (of which 32 hide the means from the bypass, 64 nearly); null is those of the coarsest resolution",
      examples: [256],
    }),
  dropout: dropout(0.5),
  mean_bypass: z.boolean().default(true).describe("the spatial means go around the network"),
  scale_mean_bypass: z.boolean().default(true).describe("scale them by 1/sqrt(H*W)"),
  shift_input: z
    .boolean()
    .default(true)
    .describe("kept for its name's sake: the published network ignores it too"),
  shift_output: z.boolean().default(true).describe("remove the output's spatial mean"),
  temb_scale: temb_scale(30),
  padding_mode: z
    .enum(["zeros", "circular"])
    .default("zeros")
    .describe(
      "what convolutions see beyond the edges; circular is the other side, for fields on a torus",
    ),
});

/** DDPM++ and NCSN++ (Song 2021), under the names of that paper's configurations. */
const DDPMpp = z.strictObject({
  name: z.literal("DDPMpp"),
  nf: count().default(128).describe("channels that the multipliers multiply"),
  ch_mult: numbers("1,2,2,2")
    .prefault("1,2,2,2")
    .describe("channel multipliers of the resolutions"),
  num_res_blocks: num_res_blocks(4),
  attn_resolutions: numbers("16,8", { whole: true })
    .nullable()
    .prefault("16")
    .describe("image sizes with attention"),
  dropout: dropout(0.15),
  resblock_type: z.enum(["biggan", "ddpm"]).default("biggan").describe("kind of residual block"),
  resamp_with_conv: z.boolean().default(true).describe("convolutions change the resolution"),
  fir: z.boolean().default(false).describe("change the resolution with a low-pass filter"),
  fir_kernel: numbers("1,3,3,1").prefault("1,3,3,1").describe("taps of that filter"),
  skip_rescale: z.boolean().default(true).describe("divide sums of branches by sqrt(2)"),
  progressive: z
    .enum(["none", "output_skip", "residual"])
    .default("none")
    .describe("pyramid at the output"),
  progressive_input: z
    .enum(["none", "input_skip", "residual"])
    .default("none")
    .describe("pyramid at the input"),
  progressive_combine: z
    .enum(["sum", "cat"])
    .default("sum")
    .describe("how the input's pyramid joins the network"),
  init_scale: z.number().nonnegative().default(0).describe("scale of the last layers' weights"),
  temb_scale: temb_scale(1000),
});

/** For vectors. */
const MLP = z.strictObject({
  name: z.literal("MLP"),
  hidden: numbers("256,256", { whole: true })
    .prefault("256,256")
    .describe("widths of the hidden layers"),
  time_frequencies: z
    .int()
    .min(0)
    .default(0)
    .describe("frequencies that embed the time; 0: the time itself is an input beside x"),
});

export const model = z
  .discriminatedUnion("name", [UNET, DownscalerUNET, DDPMpp, MLP])
  .prefault({ name: "UNET" });

/** Channel multipliers of UNET by image size, where model.channel_mult is null. */
export const CHANNEL_MULT: Readonly<Record<number, string>> = {
  28: "0.5,1,1",
  32: "1,2,2,2",
  64: "1,2,2,2",
  160: "1,2,2,4",
  256: "1,1,2,2,4,4",
};

// What a DownscalerUNet is made of: the configuration's keys, their defaults, and the checks before it is built.
import { type NumberList, optionChecks } from "../unet/checks.js";
import type { PaddingMode } from "../unet/layers.js";

/** The keys of a DownscalerUNet under the names of the configuration. */
export interface DownscalerUNetOptions {
  /** Channels of x, and of the condition where there is one. */
  in_channels: number;
  /** Channels of the result (default: `in_channels`). */
  out_channels?: number;
  /** Height and width of the images, where they are known beforehand: they are checked then. */
  image_size?: number;
  /** Channels at multiplier 1. */
  model_channels?: number;
  /** Multiplier of the channels at each of the four resolutions, finest first. */
  channel_mult?: NumberList;
  /** Residual blocks at the coarsest resolution. */
  num_res_blocks?: number;
  /** Channels of the time's embedding and of the bypass (default, and null: those of the coarsest resolution). */
  embed_dim?: number | null;
  dropout?: number;
  /** Whether the spatial means of x and of the condition go around the network, to be added to its result. */
  mean_bypass?: boolean;
  /** Whether what the bypass adds is divided by √(H·W), the size of the mean of as many independent pixels. */
  scale_mean_bypass?: boolean;
  /** Has no effect, as in the published network; it is here for the sake of its key. */
  shift_input?: boolean;
  /** Whether the spatial mean of the result is removed, before the bypass adds its own. */
  shift_output?: boolean;
  /** The time in [0, 1] is multiplied by this before it is embedded. */
  temb_scale?: number;
  /** What convolutions see beyond the edges: zeros, or the other side, for fields on a torus (circular). */
  padding_mode?: PaddingMode;
}

/** Options with every default filled in. */
export interface CompleteDownscalerUNetOptions
  extends Required<Omit<DownscalerUNetOptions, "image_size">> {
  embed_dim: number;
  channel_mult: readonly number[];
  /** Channels at each resolution, finest first. */
  channels: readonly [number, number, number, number];
}

/** Groups of the normalisations beside the first one's. */
export const groups = 32;
/** Groups of the normalisation at full resolution on the way down. */
export const firstGroups = 4;
/** How often the resolution is halved. */
export const halvings = 3;

/**
 * Fills in the defaults of the preset DownscalerUNET (32 channels, multipliers 1, 2, 4, 8, 8 blocks, dropout 0.5,
 * temb_scale 30, every flag set, zeros around). Throws a BridgeError that names the key for a network that cannot be built.
 */
export function completeDownscalerUNet(
  options: DownscalerUNetOptions,
): CompleteDownscalerUNetOptions {
  const { wrong, numbers, whole, finite, probability, halvable } = optionChecks("DownscalerUNet");
  const in_channels = whole(options.in_channels, "in_channels");
  const model_channels = whole(options.model_channels ?? 32, "model_channels");
  const channel_mult = numbers(options.channel_mult ?? [1, 2, 4, 8], "channel_mult", "1,2,4,8");
  if (channel_mult.length !== halvings + 1)
    throw wrong(`channel_mult has ${channel_mult.length} entries; expected 4, such as "1,2,4,8"`);
  const channels = channel_mult.map((m) => Math.trunc(m * model_channels));
  for (const [i, c] of channels.entries())
    if (c === 0 || c % groups !== 0)
      throw wrong(
        `channel_mult makes ${c} channels at resolution ${i + 1} of model_channels ${model_channels}; expected a multiple of the ${groups} groups of its normalisation`,
      );
  const embed_dim = whole(options.embed_dim ?? (channels[halvings] as number), "embed_dim");
  const { mean_bypass = true, dropout = 0.5, temb_scale = 30, image_size } = options;
  const { padding_mode = "zeros" } = options;
  if (padding_mode !== "zeros" && padding_mode !== "circular")
    throw wrong(`padding_mode is ${padding_mode}; expected zeros or circular`);
  if (embed_dim < 4) throw wrong(`embed_dim is ${embed_dim}; expected at least 4, two waves`);
  if (mean_bypass && embed_dim % groups !== 0)
    throw wrong(
      `embed_dim is ${embed_dim}; expected a multiple of the ${groups} groups of the bypass's normalisation`,
    );
  if (image_size !== undefined)
    halvable(whole(image_size, "image_size"), halvings + 1, "channel_mult");
  return {
    in_channels,
    out_channels: whole(options.out_channels ?? in_channels, "out_channels"),
    model_channels,
    channel_mult,
    num_res_blocks: whole(options.num_res_blocks ?? 8, "num_res_blocks"),
    embed_dim,
    dropout: probability(dropout, "dropout"),
    mean_bypass,
    scale_mean_bypass: options.scale_mean_bypass ?? true,
    shift_input: options.shift_input ?? true,
    shift_output: options.shift_output ?? true,
    temb_scale: finite(temb_scale, "temb_scale"),
    padding_mode,
    channels: channels as [number, number, number, number],
  };
}

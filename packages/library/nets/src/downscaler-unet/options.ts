// The options of a DownscalerUNet: the configuration's keys, their defaults, and the checks before it is built.
import * as key from "../unet/keys.js";
import { checkHalvable } from "../unet/sizes.js";

/** The keys under their configuration names; the defaults are those of the preset DownscalerUNET. */
const keys = {
  /** Channels of x, plus those of the condition. */
  in_channels: key.whole(),
  /** Channels of the result; null: `in_channels`. */
  out_channels: key.orNull(key.whole()),
  /** Height and width of the images, to be checked if given. */
  image_size: key.orNull(key.whole()),
  /** Channels at multiplier 1. */
  num_channels: key.whole(32),
  /** Multiplier of the channels at each of the four resolutions, finest first. */
  channel_mult: key.numbers([1, 2, 4, 8]),
  /** Residual blocks at the lowest resolution. */
  num_res_blocks: key.whole(8),
  /** Channels of the time embedding and of the bypass; null: those of the lowest resolution. */
  embed_dim: key.orNull(key.whole(undefined, 4)),
  dropout: key.probability(0.5),
  /** Whether the spatial means of x and of the condition bypass the network and are added to its result. */
  mean_bypass: key.flag(true),
  /** Whether the output of the bypass is divided by √(H·W), as the mean of that many independent pixels is. */
  scale_mean_bypass: key.flag(true),
  /** Has no effect, as in the published network; accepted because the published configurations have it. */
  shift_input: key.flag(true),
  /** Whether the spatial mean of the result is removed before the bypass is added. */
  shift_output: key.flag(true),
  /** The time in [0, 1] is multiplied by this before it is embedded. */
  temb_scale: key.finite(30),
  /** What convolutions read beyond the edges: zeros, or the opposite side for fields on a torus (circular). */
  padding_mode: key.among("zeros", "circular"),
};

export type DownscalerUNetOptions = key.Given<typeof keys> & { in_channels: number };

/** Options with all defaults, and what follows from them. */
export type CompleteDownscalerUNetOptions = ReturnType<typeof completeDownscalerUNet>;

/** Groups of all normalisations but the first. */
export const groups = 32;
/** Groups of the normalisation at full resolution on the way down. */
export const firstGroups = 4;
/** How often the resolution is halved. */
export const halvings = 3;

/** Throws a BridgeError that names the key for a network that cannot be built. */
export function completeDownscalerUNet(options: DownscalerUNetOptions) {
  const wrong = key.wrongFor("DownscalerUNet");
  const { image_size, ...all } = key.readKeys("DownscalerUNet", keys, options);
  const { channel_mult, num_channels, mean_bypass } = all;
  const levels = halvings + 1;
  if (channel_mult.length !== levels)
    throw wrong(`channel_mult has ${channel_mult.length} entries; expected 4, such as "1,2,4,8"`);
  const channels = channel_mult.map((m) => Math.trunc(m * num_channels));
  for (const [i, c] of channels.entries())
    if (c === 0 || c % groups !== 0)
      throw wrong(
        `channel_mult gives ${c} channels at resolution ${i + 1} of num_channels ${num_channels}; expected a multiple of ${groups}, the groups of its normalisation`,
      );
  const embed_dim = all.embed_dim ?? (channels[halvings] as number);
  if (mean_bypass && embed_dim % groups !== 0)
    throw wrong(
      `embed_dim is ${embed_dim}; expected a multiple of ${groups}, the groups of the bypass's normalisation`,
    );
  if (image_size !== null)
    checkHalvable("DownscalerUNet", { image_size, levels, key: "channel_mult" });
  return {
    ...all,
    out_channels: all.out_channels ?? all.in_channels,
    embed_dim,
    /** Channels at each resolution, finest first. */
    channels: channels as [number, number, number, number],
  };
}

import * as key from "../unet/keys.js";
import { checkHalvable } from "../unet/sizes.js";

const keys = {
  /** Channels of x and of the condition. */
  in_channels: key.whole(),
  /** Null: `in_channels`. */
  out_channels: key.orNull(key.whole()),
  image_size: key.orNull(key.whole()),
  /** Channels at multiplier 1. */
  num_channels: key.whole(32),
  /** Finest first. */
  channel_mult: key.numbers([1, 2, 4, 8]),
  /** At the lowest resolution. */
  num_res_blocks: key.whole(8),
  /**
   * Channels of the time embedding and of the bypass; null: the channels of the lowest resolution.
   */
  embed_dim: key.orNull(key.whole(undefined, 4)),
  dropout: key.probability(0.5),
  /** Whether spatial means bypass the network and are added to its result. */
  mean_bypass: key.flag(true),
  /** Divides the bypass by √(H·W), as the mean of that many pixels is. */
  scale_mean_bypass: key.flag(true),
  /** No effect, as in the published network. */
  shift_input: key.flag(true),
  /** Removes the result's spatial mean before the bypass is added. */
  shift_output: key.flag(true),
  temb_scale: key.finite(30),
  /** Zeros, or the opposite side for fields on a torus (circular). */
  padding_mode: key.among("zeros", "circular"),
};

export type DownscalerUNetOptions = key.Given<typeof keys> & { in_channels: number };

export type CompleteDownscalerUNetOptions = ReturnType<typeof completeDownscalerUNet>;

export const groups = 32;
/** At full resolution on the way down. */
export const firstGroups = 4;
export const halvings = 3;

/** Throws a BridgeError with the key's name for impossible options. */
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
    channels: channels as [number, number, number, number],
  };
}

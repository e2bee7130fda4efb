import {
  checkHalvable,
  groupedChannels,
  type NumberList,
  readNumbers,
  withDefaults,
  wrongFor,
} from "../unet/keys.js";

const defaults = {
  /** Null: `in_channels`. */
  out_channels: null as number | null,
  image_size: null as number | null,
  /** Channels at multiplier 1. */
  num_channels: 32,
  /** Finest first. */
  channel_mult: [1, 2, 4, 8] as NumberList,
  /** Blocks at the lowest resolution. */
  num_res_blocks: 8,
  /**
   * Channels of the time embedding and of the bypass; null: the channels of the lowest resolution.
   */
  embed_dim: null as number | null,
  dropout: 0.5,
  /** Whether spatial means bypass the network and are added to its result. */
  mean_bypass: true,
  /** Divides the bypass by √(H·W), as the mean of that many pixels is. */
  scale_mean_bypass: true,
  /** No effect, as in the published network. */
  shift_input: true,
  /** Removes the result's spatial mean before the bypass is added. */
  shift_output: true,
  temb_scale: 30,
  /** Zeros, or the opposite side for fields on a torus (circular). */
  padding_mode: "zeros" as "zeros" | "circular",
};

/** Options of `DownscalerUNet`. */
export interface DownscalerUNetOptions extends Partial<typeof defaults> {
  /** Channels of x and of the condition. */
  in_channels: number;
}

/** Options of `DownscalerUNet` with all defaults. */
export type CompleteDownscalerUNetOptions = ReturnType<typeof completeDownscalerUNet>;

/** Groups of the normalisations. */
export const groups = 32;
/** Groups of channels at full resolution on the way down. */
export const firstGroups = 4;
/** How often height and width are halved. */
export const halvings = 3;

/** @throws {BridgeError} with the key's name for impossible options. */
export function completeDownscalerUNet(options: DownscalerUNetOptions) {
  const wrong = wrongFor("DownscalerUNet");
  const { in_channels } = options;
  const { image_size, ...all } = withDefaults(defaults, options);
  const { num_channels, mean_bypass } = all;
  const channel_mult = readNumbers("DownscalerUNet", "channel_mult", all.channel_mult);
  const levels = halvings + 1;
  if (channel_mult.length !== levels)
    throw wrong(`channel_mult has ${channel_mult.length} entries; expected 4, such as "1,2,4,8"`);
  const channels = groupedChannels("DownscalerUNet", channel_mult, { num_channels, groups });
  const embed_dim = all.embed_dim ?? (channels[halvings] as number);
  if (mean_bypass && embed_dim % groups !== 0)
    throw wrong(
      `embed_dim is ${embed_dim}; expected a multiple of ${groups}, the groups of the bypass's normalisation`,
    );
  if (image_size !== null)
    checkHalvable("DownscalerUNet", { image_size, levels, key: "channel_mult" });
  return {
    ...all,
    in_channels,
    channel_mult,
    out_channels: all.out_channels ?? in_channels,
    embed_dim,
    channels: channels as [number, number, number, number],
  };
}

import {
  attentionSizes,
  checkHalvable,
  groupedChannels,
  type NumberList,
  readNumbers,
  withDefaults,
  wrongFor,
} from "./keys.js";

const defaults = {
  /** Null: `in_channels`. */
  out_channels: null as number | null,
  /** Channels at multiplier 1. */
  num_channels: 128,
  /** Blocks at each resolution. */
  num_res_blocks: 2,
  /**
   * Image sizes with attention; sizes that do not divide `image_size` are ignored, so one list
   * serves several datasets.
   */
  attention_resolutions: [16, 8] as NumberList | null,
  dropout: 0.1,
  /** Finest first; "" or null: by image size. */
  channel_mult: null as NumberList | null,
  /** Whether resampling convolves. */
  conv_resample: true,
  /** Null: not conditioned on labels. */
  num_classes: null as number | null,
  bidirectional: false,
  /** Computes activations again in the backward pass. */
  use_checkpoint: false,
  num_heads: 4,
  /** Instead of the number of heads; -1 or null: by `num_heads`. */
  num_head_channels: null as number | null,
  /** -1 or null: as on the way down. */
  num_heads_upsample: null as number | null,
  /** Whether the time scales and shifts normalised activations (else it is added before). */
  use_scale_shift_norm: true,
  resblock_updown: false,
  temb_scale: 1000,
};

const multipliers: Readonly<Record<number, readonly number[]>> = {
  28: [0.5, 1, 1],
  32: [1, 2, 2, 2],
  64: [1, 2, 2, 2],
  160: [1, 2, 2, 4],
  256: [1, 1, 2, 2, 4, 4],
};

/**
 * Options of the UNet. Also: the share of `dropout`; one network for both directions
 * (`bidirectional`); `num_heads` of attention; whether blocks resample (`resblock_updown`);
 * `temb_scale`, which multiplies times.
 */
export interface UNetOptions extends Partial<typeof defaults> {
  /** Height, and width without `image_width`. */
  image_size: number;
  /** Width. */
  image_width?: number;
  /** Channels of x and of the condition. */
  in_channels: number;
}

/** Options of a UNet with all defaults. */
export type CompleteUNetOptions = ReturnType<typeof completeUNet>;

const optionError = wrongFor("UNet");

/** @throws {BridgeError} with the key's name for impossible options. */
export function completeUNet(options: UNetOptions) {
  const { image_width = options.image_size, ...others } = options;
  const { image_size, in_channels } = others;
  const all = withDefaults(defaults, others);
  const { num_channels, num_heads, num_heads_upsample } = all;
  const num_head_channels = all.num_head_channels === -1 ? null : all.num_head_channels;
  const explicit = readNumbers("UNet", "channel_mult", all.channel_mult);
  const channel_mult = explicit.length > 0 ? explicit : multipliers[image_size];
  if (!channel_mult)
    throw optionError(
      `there is no default channel_mult for image_size ${image_size} (only for ${Object.keys(multipliers).join(", ")}); give one multiplier per resolution, such as channel_mult="1,2,2"`,
    );
  const levels = channel_mult.length;
  for (const size of [image_size, image_width])
    checkHalvable("UNet", { image_size: size, levels, key: "channel_mult" });
  const groups = num_channels <= 32 ? 8 : 32;
  const complete = {
    ...all,
    image_size,
    in_channels,
    num_head_channels,
    out_channels: all.out_channels ?? in_channels,
    attention_resolutions: attentionSizes(
      "UNet",
      "attention_resolutions",
      all.attention_resolutions,
      { image_size, levels },
    ),
    channel_mult,
    num_heads_upsample:
      num_heads_upsample === null || num_heads_upsample === -1 ? num_heads : num_heads_upsample,
    // Upward sums of channels are multiples of the groups if their parts are.
    channels: groupedChannels("UNet", channel_mult, { num_channels, groups }),
    groups,
  };
  const attended = complete.attention_resolutions.map(
    (s) => complete.channels[Math.log2(image_size / s)] as number,
  );
  const down = [...attended, complete.channels.at(-1) as number];
  for (const [heads, list] of [
    ["num_heads", down],
    ["num_heads_upsample", attended],
  ] as const)
    for (const c of list)
      if (c % (num_head_channels ?? complete[heads]) !== 0)
        throw optionError(
          num_head_channels
            ? `attention over ${c} channels cannot have heads of ${num_head_channels}; choose num_head_channels among its divisors`
            : `attention over ${c} channels cannot have ${complete[heads]} heads; choose ${heads} among its divisors`,
        );
  return complete;
}

// The options of a UNet: the configuration's keys, their defaults, and the checks before the network is built.
import * as key from "./keys.js";
import { attentionSizes, checkHalvable } from "./sizes.js";

/** The keys under their configuration names; the defaults are those of the preset UNET. */
const keys = {
  /** Height and width of the images. */
  image_size: key.whole(),
  /** Channels of x, plus those of the condition. */
  in_channels: key.whole(),
  /** Channels of the result; null: `in_channels`. */
  out_channels: key.orNull(key.whole()),
  /** Channels at multiplier 1. */
  num_channels: key.whole(128),
  /** Residual blocks at each resolution. */
  num_res_blocks: key.whole(2),
  /**
   * Image sizes at which attention follows each block; "" or null: none. Those that do not divide `image_size` are
   * left out, so that one list can be used for several data sets; those that do must be a resolution of the network.
   */
  attention_resolutions: key.numbersOrNone([16, 8]),
  dropout: key.probability(0.1),
  /** Multiplier of the channels at each resolution, finest first; "" or null: by image size. */
  channel_mult: key.numbersOrNone([]),
  /** Whether resampling convolves (else it averages and repeats). */
  conv_resample: key.flag(true),
  /** Number of classes for a network conditioned on labels; null: not conditioned. */
  num_classes: key.orNull(key.whole()),
  /** Whether the network serves both directions and takes the direction as a condition. */
  bidirectional: key.flag(false),
  /** Computes activations again in the backward pass instead of keeping them. */
  use_checkpoint: key.flag(false),
  num_heads: key.whole(4),
  /** Channels of an attention head, instead of the number of heads; -1 or null: by `num_heads`. */
  num_head_channels: key.orNull(key.whole()),
  /** Heads on the way up; -1 or null: as on the way down. */
  num_heads_upsample: key.orNull(key.whole()),
  /** Whether the time scales and shifts the normalised activations (else it is added before). */
  use_scale_shift_norm: key.flag(true),
  /** Whether residual blocks do the resampling. */
  resblock_updown: key.flag(false),
  /** The time in [0, 1] is multiplied by this before it is embedded. */
  temb_scale: key.finite(1000),
};

/** Multipliers by image size. */
const multipliers: Readonly<Record<number, readonly number[]>> = {
  28: [0.5, 1, 1],
  32: [1, 2, 2, 2],
  64: [1, 2, 2, 2],
  160: [1, 2, 2, 4],
  256: [1, 1, 2, 2, 4, 4],
};

export type UNetOptions = key.Given<typeof keys> & { image_size: number; in_channels: number };

/** Options with all defaults, and what follows from them. */
export type CompleteUNetOptions = ReturnType<typeof completeUNet>;

const wrong = key.wrongFor("UNet");

/** Throws a BridgeError that names the key for a network that cannot be built. */
export function completeUNet(options: UNetOptions) {
  const all = key.readKeys("UNet", keys, {
    ...options,
    ...(options.num_head_channels === -1 && { num_head_channels: null }),
    ...(options.num_heads_upsample === -1 && { num_heads_upsample: null }),
  });
  const { image_size, in_channels, num_channels, num_heads } = all;
  const channel_mult = all.channel_mult.length > 0 ? all.channel_mult : multipliers[image_size];
  if (!channel_mult)
    throw wrong(
      `there is no default channel_mult for image_size ${image_size} (only for ${Object.keys(multipliers).join(", ")}); give one multiplier per resolution, such as channel_mult="1,2,2"`,
    );
  const levels = channel_mult.length;
  checkHalvable("UNet", { image_size, levels, key: "channel_mult" });
  const complete = {
    ...all,
    out_channels: all.out_channels ?? in_channels,
    attention_resolutions: attentionSizes(
      "UNet",
      "attention_resolutions",
      all.attention_resolutions,
      { image_size, levels },
    ),
    channel_mult,
    num_heads_upsample: all.num_heads_upsample ?? num_heads,
    /** Channels at each resolution, finest first. */
    channels: channel_mult.map((m) => Math.trunc(m * num_channels)),
    /** Groups of every normalisation. */
    groups: num_channels <= 32 ? 8 : 32,
  };
  // On the way up, sums of these channels are normalised, which are multiples of the groups where the parts are.
  for (const [i, c] of complete.channels.entries())
    if (c === 0 || c % complete.groups !== 0)
      throw wrong(
        `channel_mult gives ${c} channels at resolution ${i + 1} of num_channels ${num_channels}; expected a multiple of ${complete.groups}, the groups of its normalisation (8 up to 32 num_channels, else 32)`,
      );
  // Attention is at these sizes, and in the middle with the heads of the way down.
  const attended = complete.attention_resolutions.map(
    (s) => complete.channels[Math.log2(image_size / s)] as number,
  );
  const down = [...attended, complete.channels.at(-1) as number];
  for (const [heads, list] of [
    ["num_heads", down],
    ["num_heads_upsample", attended],
  ] as const)
    for (const c of list)
      if (c % (all.num_head_channels ?? complete[heads]) !== 0)
        throw wrong(
          all.num_head_channels
            ? `attention over ${c} channels cannot have heads of ${all.num_head_channels}; choose num_head_channels among its divisors`
            : `attention over ${c} channels cannot have ${complete[heads]} heads; choose ${heads} among its divisors`,
        );
  return complete;
}

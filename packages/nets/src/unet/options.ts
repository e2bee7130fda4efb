// What a UNet is made of: the configuration's keys, their defaults, and the checks that leave no combination to fail
// in the middle of a forward pass.
import { type NumberList, optionChecks } from "./checks.js";

/** The keys of a UNet under the names of the configuration. */
export interface UNetOptions {
  /** Height and width of the images that the network is made for. */
  image_size: number;
  /** Channels of x, and of the condition where there is one. */
  in_channels: number;
  /** Channels of the result (default: `in_channels`). */
  out_channels?: number;
  /** Channels at multiplier 1. */
  model_channels?: number;
  /** Residual blocks at each resolution. */
  num_res_blocks?: number;
  /**
   * Image sizes at which attention follows each block. Those that do not divide `image_size` are left out, so that
   * one list serves several data sets; those that do must be a resolution of the network.
   */
  attention_resolutions?: NumberList;
  dropout?: number;
  /** Multiplier of the channels at each resolution, finest first; by image size where it is not given. */
  channel_mult?: NumberList | null;
  /** Whether resampling convolves (else it averages and repeats). */
  conv_resample?: boolean;
  /** Classes of a label that the network is told, or none. */
  num_classes?: number | null;
  /** Computes activations again in the backward pass instead of keeping them. */
  use_checkpoint?: boolean;
  num_heads?: number;
  /** Channels of an attention head, instead of their number; -1 or null: by `num_heads`. */
  num_head_channels?: number | null;
  /** Heads on the way up; -1 or null: as many as on the way down. */
  num_heads_upsample?: number | null;
  /** Whether the time scales and shifts the normalised activations (else it is added before). */
  use_scale_shift_norm?: boolean;
  /** Whether residual blocks do the resampling. */
  resblock_updown?: boolean;
  /** The time in [0, 1] is multiplied by this before it is embedded. */
  temb_scale?: number;
}

/** Options with every default filled in and every list as numbers. */
export interface CompleteUNetOptions extends Required<UNetOptions> {
  channel_mult: readonly number[];
  attention_resolutions: readonly number[];
  num_classes: number | null;
  num_head_channels: number;
  num_heads_upsample: number;
  /** Channels at each resolution, finest first. */
  channels: readonly number[];
  /** Groups of every normalisation. */
  groups: number;
}

const multipliers: Readonly<Record<number, readonly number[]>> = {
  28: [0.5, 1, 1],
  32: [1, 2, 2, 2],
  64: [1, 2, 2, 2],
  160: [1, 2, 2, 4],
  256: [1, 1, 2, 2, 4, 4],
};

const checks = optionChecks("UNet");
const { wrong, numbers, whole, finite, probability } = checks;

function multipliersOf({ channel_mult, image_size }: UNetOptions): readonly number[] {
  const given = channel_mult == null ? [] : numbers(channel_mult, "channel_mult", "0.5,1,1");
  const mult = given.length > 0 ? given : multipliers[image_size];
  if (!mult)
    throw wrong(
      `image_size ${image_size} has no channel_mult of its own (${Object.keys(multipliers).join(", ")} have); give one multiplier per resolution, such as channel_mult="1,2,2"`,
    );
  return mult;
}

/** The way up also normalises sums of these numbers, which are multiples where they are. */
function checkGroups(channels: readonly number[], groups: number, model: number): void {
  for (const [i, c] of channels.entries())
    if (c % groups !== 0)
      throw wrong(
        `channel_mult makes ${c} channels at resolution ${i + 1} of model_channels ${model}; expected a multiple of the ${groups} groups of its normalisation (8 up to 32 model_channels, else 32)`,
      );
}

function checkHeads(options: CompleteUNetOptions): void {
  const { channels, attention_resolutions, image_size, num_head_channels } = options;
  const check = (c: number, heads: number, key: string) => {
    if (num_head_channels > 0 && c % num_head_channels !== 0)
      throw wrong(
        `attention over ${c} channels cannot have heads of ${num_head_channels}; choose num_head_channels among its divisors`,
      );
    if (num_head_channels <= 0 && c % heads !== 0)
      throw wrong(
        `attention over ${c} channels cannot have ${heads} heads; choose ${key} among its divisors`,
      );
  };
  check(channels[channels.length - 1] as number, options.num_heads, "num_heads");
  for (const size of attention_resolutions) {
    const c = channels[Math.round(Math.log2(image_size / size))] as number;
    check(c, options.num_heads, "num_heads");
    check(c, options.num_heads_upsample, "num_heads_upsample");
  }
}

/**
 * Fills in the defaults of the preset UNET (128 channels, 2 blocks, 4 heads, attention at 16 and 8, dropout 0.1,
 * scale-shift, temb_scale 1000). Throws a BridgeError that names the key for a network that cannot be built.
 */
export function completeUNet(options: UNetOptions): CompleteUNetOptions {
  const image_size = whole(options.image_size, "image_size");
  const in_channels = whole(options.in_channels, "in_channels");
  const model_channels = whole(options.model_channels ?? 128, "model_channels");
  const num_heads = whole(options.num_heads ?? 4, "num_heads");
  const channel_mult = multipliersOf(options);
  const levels = channel_mult.length;
  checks.halvable(image_size, levels, "channel_mult");
  const orElse = (value: number | null | undefined, fallback: number, key: string) =>
    value == null || value === -1 ? fallback : whole(value, key);
  const { dropout = 0.1, temb_scale = 1000 } = options;
  const complete: CompleteUNetOptions = {
    image_size,
    in_channels,
    out_channels: whole(options.out_channels ?? in_channels, "out_channels"),
    model_channels,
    num_res_blocks: whole(options.num_res_blocks ?? 2, "num_res_blocks"),
    attention_resolutions: checks.resolutions(options.attention_resolutions, {
      key: "attention_resolutions",
      preset: [16, 8],
      image_size,
      levels,
    }),
    dropout: probability(dropout, "dropout"),
    channel_mult,
    conv_resample: options.conv_resample ?? true,
    num_classes: options.num_classes == null ? null : whole(options.num_classes, "num_classes"),
    use_checkpoint: options.use_checkpoint ?? false,
    num_heads,
    num_head_channels: orElse(options.num_head_channels, -1, "num_head_channels"),
    num_heads_upsample: orElse(options.num_heads_upsample, num_heads, "num_heads_upsample"),
    use_scale_shift_norm: options.use_scale_shift_norm ?? true,
    resblock_updown: options.resblock_updown ?? false,
    temb_scale: finite(temb_scale, "temb_scale"),
    channels: channel_mult.map((m) => Math.trunc(m * model_channels)),
    groups: model_channels <= 32 ? 8 : 32,
  };
  checkGroups(complete.channels, complete.groups, model_channels);
  checkHeads(complete);
  return complete;
}

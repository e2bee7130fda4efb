// The options of a DDPM++ or NCSN++ network: the configuration's keys, their defaults and their checks.
import * as key from "../unet/keys.js";
import { attentionSizes, checkHalvable } from "../unet/sizes.js";

/** The keys under their configuration names; the defaults are those of the preset DDPMpp_32. */
const keys = {
  /** Height and width of the images. */
  image_size: key.whole(),
  /** Channels of x, plus those of the condition. */
  in_channels: key.whole(),
  /** Channels of the result; null: `in_channels`. */
  out_channels: key.orNull(key.whole()),
  /** Channels at multiplier 1, and of the time embedding. */
  nf: key.whole(128, 4),
  /** Multiplier of the channels at each resolution, finest first. */
  ch_mult: key.numbers([1, 2, 2, 2]),
  /** Residual blocks at each resolution on the way down; on the way up there is one more. */
  num_res_blocks: key.whole(4),
  /**
   * Image sizes with attention; "" or null: none. Those that do not divide `image_size` are left out; those that do
   * must be a resolution of the network.
   */
  attn_resolutions: key.numbersOrNone([16]),
  dropout: key.probability(0.15),
  /** Whether residual blocks change the resolution (biggan) or layers between them (ddpm). */
  resblock_type: key.among("biggan", "ddpm"),
  /** Whether those layers convolve. */
  resamp_with_conv: key.flag(true),
  /** Whether a low-pass filter changes the resolution (else pixels are repeated or averaged). */
  fir: key.flag(false),
  /** Its taps along each side. */
  fir_kernel: key.numbers([1, 3, 3, 1]),
  /** Whether sums of branches are divided by √2. */
  skip_rescale: key.flag(true),
  /** Pyramid at the output: sums of images at every resolution, or features that convolutions carry up. */
  progressive: key.among("none", "output_skip", "residual"),
  /** Pyramid at the input: smaller copies of the input, or features that convolutions carry down. */
  progressive_input: key.among("none", "input_skip", "residual"),
  /** How the copies of `input_skip` are combined with the features. */
  progressive_combine: key.among("sum", "cat"),
  /** Scale of the variance of each branch's last weights; 0 is 1e-10. */
  init_scale: key.finite(0, 0),
  /** The time in [0, 1] is multiplied by this before it is embedded. */
  temb_scale: key.finite(1000),
  /** The activation: SiLU (swish), ELU, ReLU or LeakyReLU of slope 0.2. */
  nonlinearity: key.among("swish", "elu", "relu", "lrelu"),
  /** Whether the network depends on the time. */
  conditional: key.flag(true),
  /** Sinusoids of the scaled time, or of random multiples of its logarithm. */
  embedding_type: key.among("positional", "fourier"),
  /** Standard deviation of those multiples. */
  fourier_scale: key.finite(16),
  /** Whether the result is divided by the scaled time, the noise level of `fourier`. */
  scale_by_sigma: key.flag(false),
  normalization: key.only("GroupNorm", "the published network has no other normalisation"),
  attention_type: key.only("ddpm", "the published network has no other attention"),
  conv_size: key.only(3, "the published network has 3×3 convolutions"),
};

export type DDPMppOptions = key.Given<typeof keys> & { image_size: number; in_channels: number };

/** Options with all defaults, and what follows from them. */
export type CompleteDDPMppOptions = ReturnType<typeof completeDDPMpp>;

/** Throws a BridgeError that names the key for a value that is not possible. */
export function completeDDPMpp(options: DDPMppOptions) {
  const wrong = key.wrongFor("DDPMpp");
  const all = key.readKeys("DDPMpp", keys, options);
  const { image_size, in_channels, nf, ch_mult, fir_kernel } = all;
  const levels = ch_mult.length;
  if (levels === 0) throw wrong("ch_mult is empty; expected one multiplier per resolution");
  checkHalvable("DDPMpp", { image_size, levels, key: "ch_mult" });
  if (fir_kernel.length < 2)
    throw wrong(`fir_kernel has ${fir_kernel.length} taps; expected at least 2, such as "1,3,3,1"`);
  if (all.scale_by_sigma && all.embedding_type === "positional")
    throw wrong(
      "scale_by_sigma is true, but embedding_type=positional has no noise level to divide by; set embedding_type=fourier, or scale_by_sigma=false and std_trick=true",
    );
  return {
    ...all,
    out_channels: all.out_channels ?? in_channels,
    attn_resolutions: attentionSizes("DDPMpp", "attn_resolutions", all.attn_resolutions, {
      image_size,
      levels,
    }),
    /** Channels at each resolution, finest first. */
    channels: ch_mult.map((m) => Math.trunc(m * nf)),
  };
}

import * as key from "../unet/keys.js";
import { attentionSizes, checkHalvable } from "../unet/sizes.js";

const keys = {
  image_size: key.whole(),
  /** Channels of x and of the condition. */
  in_channels: key.whole(),
  /** Null: `in_channels`. */
  out_channels: key.orNull(key.whole()),
  /** Channels at multiplier 1, and of the time embedding. */
  nf: key.whole(128, 4),
  /** Finest first. */
  ch_mult: key.numbers([1, 2, 2, 2]),
  /** At each resolution on the way down; one more on the way up. */
  num_res_blocks: key.whole(4),
  /** Image sizes with attention; sizes that do not divide `image_size` are ignored. */
  attn_resolutions: key.numbersOrNone([16]),
  dropout: key.probability(0.15),
  /** Whether blocks (biggan) or layers between them (ddpm) change the resolution. */
  resblock_type: key.among("biggan", "ddpm"),
  resamp_with_conv: key.flag(true),
  /** A low-pass filter for resampling, instead of repeats and averages. */
  fir: key.flag(false),
  fir_kernel: key.numbers([1, 3, 3, 1]),
  /** Whether sums of branches are divided by √2. */
  skip_rescale: key.flag(true),
  /** Output pyramid: sums of images, or features that convolutions carry up. */
  progressive: key.among("none", "output_skip", "residual"),
  /** Input pyramid: smaller copies, or features that convolutions carry down. */
  progressive_input: key.among("none", "input_skip", "residual"),
  progressive_combine: key.among("sum", "cat"),
  /** Variance scale of each branch's last weights; 0 is 1e-10. */
  init_scale: key.finite(0, 0),
  temb_scale: key.finite(1000),
  nonlinearity: key.among("swish", "elu", "relu", "lrelu"),
  /** Whether the network depends on the time. */
  conditional: key.flag(true),
  /** Sinusoids of the scaled time, or of random multiples of its logarithm. */
  embedding_type: key.among("positional", "fourier"),
  /** Standard deviation of these multiples. */
  fourier_scale: key.finite(16),
  /** Divides the result by the scaled time, the noise level of `fourier`. */
  scale_by_sigma: key.flag(false),
  normalization: key.only("GroupNorm", "the published network has no other normalisation"),
  attention_type: key.only("ddpm", "the published network has no other attention"),
  conv_size: key.only(3, "the published network has 3×3 convolutions"),
};

/** Options of DDPM++ and NCSN++. */
export type DDPMppOptions = key.Given<typeof keys> & { image_size: number; in_channels: number };

export type CompleteDDPMppOptions = ReturnType<typeof completeDDPMpp>;

/** Throws a BridgeError with the key's name for impossible values. */
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
    channels: ch_mult.map((m) => Math.trunc(m * nf)),
  };
}

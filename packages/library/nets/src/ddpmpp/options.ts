import {
  attentionSizes,
  checkHalvable,
  type NumberList,
  readNumbers,
  withDefaults,
  wrongFor,
} from "../unet/keys.js";

const defaults = {
  /** Null: `in_channels`. */
  out_channels: null as number | null,
  /** Channels at multiplier 1, and of the time embedding. */
  nf: 128,
  /** Finest first. */
  ch_mult: [1, 2, 2, 2] as NumberList,
  /** Blocks at each resolution on the way down; one more on the way up. */
  num_res_blocks: 4,
  /** Image sizes with attention; sizes that do not divide `image_size` are ignored. */
  attn_resolutions: [16] as NumberList | null,
  dropout: 0.15,
  /** Whether blocks (biggan) or layers between them (ddpm) change the resolution. */
  resblock_type: "biggan" as "biggan" | "ddpm",
  resamp_with_conv: true,
  /** A low-pass filter for resampling, instead of repeats and averages. */
  fir: false,
  fir_kernel: [1, 3, 3, 1] as NumberList,
  /** Whether sums of branches are divided by √2. */
  skip_rescale: true,
  /** Output pyramid: sums of images, or features that convolutions carry up. */
  progressive: "none" as "none" | "output_skip" | "residual",
  /** Input pyramid: smaller copies, or features that convolutions carry down. */
  progressive_input: "none" as "none" | "input_skip" | "residual",
  progressive_combine: "sum" as "sum" | "cat",
  /** Variance scale of each branch's last weights; 0 is 1e-10. */
  init_scale: 0,
  temb_scale: 1000,
};

/**
 * Options of DDPM++ and NCSN++. Also: the share of `dropout`; whether resampling convolves
 * (`resamp_with_conv`); the filter `fir_kernel` of `fir`; how pyramids join
 * (`progressive_combine`); `temb_scale`, which multiplies times.
 */
export interface DDPMppOptions extends Partial<typeof defaults> {
  /** Height and width. */
  image_size: number;
  /** Channels of x and of the condition. */
  in_channels: number;
}

/** Options of a DDPM++ with all defaults. */
export type CompleteDDPMppOptions = ReturnType<typeof completeDDPMpp>;

/** @throws {BridgeError} with the key's name for impossible values. */
export function completeDDPMpp(options: DDPMppOptions) {
  const wrong = wrongFor("DDPMpp");
  const { image_size, in_channels } = options;
  const all = withDefaults(defaults, options);
  const list = (key: "ch_mult" | "fir_kernel") => readNumbers("DDPMpp", key, all[key]);
  const ch_mult = list("ch_mult");
  const fir_kernel = list("fir_kernel");
  const levels = ch_mult.length;
  if (levels === 0) throw wrong("ch_mult is empty; expected one multiplier per resolution");
  checkHalvable("DDPMpp", { image_size, levels, key: "ch_mult" });
  if (fir_kernel.length < 2)
    throw wrong(`fir_kernel has ${fir_kernel.length} taps; expected at least 2, such as "1,3,3,1"`);
  return {
    ...all,
    image_size,
    in_channels,
    ch_mult,
    fir_kernel,
    out_channels: all.out_channels ?? in_channels,
    attn_resolutions: attentionSizes("DDPMpp", "attn_resolutions", all.attn_resolutions, {
      image_size,
      levels,
    }),
    channels: ch_mult.map((m) => Math.trunc(m * all.nf)),
  };
}

// What a DDPM++ or NCSN++ network is made of: the configuration's keys and their defaults.
import { type NumberList, optionChecks } from "../unet/checks.js";

const words = {
  resblock_type: ["biggan", "ddpm"],
  progressive: ["none", "output_skip", "residual"],
  progressive_input: ["none", "input_skip", "residual"],
  progressive_combine: ["sum", "cat"],
} as const;

/** The keys of a DDPMpp under the names of the configuration. */
export interface DDPMppOptions {
  /** Height and width of the images that the network is made for. */
  image_size: number;
  /** Channels of x, and of the condition where there is one. */
  in_channels: number;
  /** Channels of the result (default: `in_channels`). */
  out_channels?: number;
  /** Channels at multiplier 1, and of the time's waves. */
  nf?: number;
  /** Multiplier of the channels at each resolution, finest first. */
  ch_mult?: NumberList;
  /** Residual blocks at each resolution on the way down; on the way up there is one more. */
  num_res_blocks?: number;
  /**
   * Image sizes with attention. Those that do not divide `image_size` are left out; those that do must be a
   * resolution of the network. null or "": none.
   */
  attn_resolutions?: NumberList | null;
  dropout?: number;
  /** Whether residual blocks change the resolution (biggan) or layers between them (ddpm). */
  resblock_type?: (typeof words.resblock_type)[number];
  /** Whether those layers convolve. */
  resamp_with_conv?: boolean;
  /** Whether a low-pass filter changes the resolution (else pixels are repeated or averaged). */
  fir?: boolean;
  /** Its taps along each side. */
  fir_kernel?: NumberList;
  /** Whether sums of branches are divided by √2. */
  skip_rescale?: boolean;
  /** Pyramid at the output: sums of images at every resolution, or features that convolutions carry up. */
  progressive?: (typeof words.progressive)[number];
  /** Pyramid at the input: smaller copies of the input, or features that convolutions carry down. */
  progressive_input?: (typeof words.progressive_input)[number];
  /** How the copies of `input_skip` join the network. */
  progressive_combine?: (typeof words.progressive_combine)[number];
  /** Scale of the variance of each branch's last weights; 0 is 1e-10. */
  init_scale?: number;
  /** The time in [0, 1] is multiplied by this before it is embedded. */
  temb_scale?: number;
}

/** Options with every default filled in and every list as numbers. */
export interface CompleteDDPMppOptions extends Required<DDPMppOptions> {
  ch_mult: readonly number[];
  attn_resolutions: readonly number[];
  fir_kernel: readonly number[];
  /** Channels at each resolution, finest first. */
  channels: readonly number[];
}

/** Groups of a normalisation, which must divide its channels. */
export const groupsOf = (channels: number): number => Math.min(Math.floor(channels / 4), 32);

/**
 * Fills in the defaults of the preset DDPMpp_32 (nf 128, multipliers 1, 2, 2, 2, 4 blocks, attention at 16, dropout
 * 0.15, biggan, no filter). Throws a BridgeError that names the key for a value that is none.
 */
export function completeDDPMpp(options: DDPMppOptions): CompleteDDPMppOptions {
  const checks = optionChecks("DDPMpp");
  const { wrong, whole, numbers } = checks;
  const image_size = whole(options.image_size, "image_size");
  const in_channels = whole(options.in_channels, "in_channels");
  const nf = whole(options.nf ?? 128, "nf");
  if (nf < 4) throw wrong(`nf is ${nf}; expected at least 4, two waves of the time`);
  const ch_mult = numbers(options.ch_mult ?? [1, 2, 2, 2], "ch_mult", "1,2,2,2");
  const levels = ch_mult.length;
  if (levels === 0) throw wrong(`ch_mult is empty; expected one multiplier per resolution`);
  checks.halvable(image_size, levels, "ch_mult");
  const fir_kernel = numbers(options.fir_kernel ?? [1, 3, 3, 1], "fir_kernel", "1,3,3,1");
  if (fir_kernel.length < 2)
    throw wrong(`fir_kernel has ${fir_kernel.length} taps; expected at least 2, such as "1,3,3,1"`);
  const init_scale = checks.finite(options.init_scale ?? 0, "init_scale");
  if (init_scale < 0) throw wrong(`init_scale is ${init_scale}; expected 0 or more`);
  const { among } = checks;
  return {
    image_size,
    in_channels,
    out_channels: whole(options.out_channels ?? in_channels, "out_channels"),
    nf,
    ch_mult,
    num_res_blocks: whole(options.num_res_blocks ?? 4, "num_res_blocks"),
    attn_resolutions: checks.resolutions(
      options.attn_resolutions === null ? "" : options.attn_resolutions,
      { key: "attn_resolutions", preset: [16], image_size, levels },
    ),
    dropout: checks.probability(options.dropout ?? 0.15, "dropout"),
    resblock_type: among(options.resblock_type ?? "biggan", "resblock_type", words.resblock_type),
    resamp_with_conv: options.resamp_with_conv ?? true,
    fir: options.fir ?? false,
    fir_kernel,
    skip_rescale: options.skip_rescale ?? true,
    progressive: among(options.progressive ?? "none", "progressive", words.progressive),
    progressive_input: among(
      options.progressive_input ?? "none",
      "progressive_input",
      words.progressive_input,
    ),
    progressive_combine: among(
      options.progressive_combine ?? "sum",
      "progressive_combine",
      words.progressive_combine,
    ),
    init_scale,
    temb_scale: checks.finite(options.temb_scale ?? 1000, "temb_scale"),
    channels: ch_mult.map((m) => Math.trunc(m * nf)),
  };
}

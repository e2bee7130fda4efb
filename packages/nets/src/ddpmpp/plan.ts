// Which blocks a DDPMpp has and how many channels go through each, as data: the network is built from it, and what
// cannot be built is found before anything is.
import { optionChecks } from "../unet/checks.js";
import { type CompleteDDPMppOptions, groupsOf } from "./options.js";

/** Channels into a block and out of it. */
export interface Arc {
  from: number;
  to: number;
}

/** What happens at one resolution. */
interface Level {
  blocks: Arc[];
  /** Whether attention follows each block (on the way down) or the last one (on the way up). */
  attention: boolean;
  /** Channels through the step to the next resolution; null at the last. */
  step: number | null;
  /** The pyramid's convolution: behind the step on the way down, before it on the way up. */
  pyramid: Arc | null;
}

export interface Plan {
  down: Level[];
  /** Channels at the coarsest resolution. */
  middle: number;
  /** From coarse to fine. */
  up: Level[];
  /** The last convolution, which an output pyramid of images makes superfluous. */
  last: Arc | null;
}

/** Throws a BridgeError for channels that the groups of a normalisation cannot divide. */
export function planOf(options: CompleteDDPMppOptions): Plan {
  const { nf, channels, num_res_blocks, image_size, in_channels, out_channels } = options;
  const { attn_resolutions, progressive, progressive_input, progressive_combine } = options;
  const coarsest = channels.length - 1;
  const attends = (level: number) => attn_resolutions.includes(image_size / 2 ** level);
  const skips = [nf];
  let c = nf;

  let pyramid = in_channels;
  const down = channels.map((to, level): Level => {
    const blocks = Array.from({ length: num_res_blocks }, () => {
      const arc = { from: c, to };
      skips.push(to);
      c = to;
      return arc;
    });
    const attention = attends(level);
    if (level === coarsest) return { blocks, attention, step: null, pyramid: null };
    const step = c;
    const beside = progressive_input === "none" ? null : { from: pyramid, to: c };
    if (progressive_input === "residual") pyramid = c;
    if (progressive_input === "input_skip" && progressive_combine === "cat") c *= 2;
    skips.push(c);
    return { blocks, attention, step, pyramid: beside };
  });

  const middle = c;
  const up = channels.toReversed().map((to, i): Level => {
    const blocks = Array.from({ length: num_res_blocks + 1 }, () => {
      const arc = { from: c + (skips.pop() as number), to };
      c = to;
      return arc;
    });
    const beside = {
      none: null,
      output_skip: { from: c, to: out_channels },
      residual: { from: i === 0 ? c : pyramid, to: c },
    }[progressive];
    pyramid = c;
    const level = coarsest - i;
    return { blocks, attention: attends(level), step: level > 0 ? c : null, pyramid: beside };
  });

  const last = progressive === "output_skip" ? null : { from: c, to: out_channels };
  const plan = { down, middle, up, last };
  checkGroups(plan, options);
  return plan;
}

function checkGroups({ down, middle, up }: Plan, { nf, ch_mult }: CompleteDDPMppOptions): void {
  const { wrong } = optionChecks("DDPMpp");
  const arcs = [...down, ...up].flatMap(({ blocks }) => blocks);
  const normalised = new Set([middle, ...arcs.flatMap(({ from, to }) => [from, to])]);
  for (const c of normalised)
    if (c < 4 || c % groupsOf(c) !== 0)
      throw wrong(
        `nf ${nf} and ch_mult ${ch_mult.join(",")} make a normalisation of ${c} channels; expected a multiple of ${c < 128 ? "4" : "32"} (up to 128 channels it has groups of 4, beyond that 32 groups): choose another nf, such as ${Math.max(16, 32 * Math.round(nf / 32))}`,
      );
}

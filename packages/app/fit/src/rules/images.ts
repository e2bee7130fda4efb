// The network, the grid and the batches of images, and their sizes in little time.
import type { DataFacts } from "../facts.js";
import { twoIterations } from "./iterations.js";
import { knownPairsOnce, pairsServe } from "./pairs.js";
import { type Rule, rule } from "./rule.js";
import type { UserChoices } from "./sigma.js";

/** Chooses the options of images or fields; `n` of the smaller dataset. */
export function imageRules(
  { shape }: DataFacts,
  n: number,
  { addsDetail = false, samples = "images" }: UserChoices = {},
): Rule[] {
  const [, height, width] = shape as [number, number, number];
  const size = Math.max(height, width);
  const cells = samples === "fields" ? "cells" : "pixels";
  const batch = Math.max(1, Math.min(size <= 32 ? 64 : 32, Math.floor(n / 2)));
  return [
    rule("num_steps", 30, `it is usual for ${samples}`),
    ...networkRules(height, width, cells),
    rule("ot_sampler", "exact", `minibatch OT pairs similar ${samples}`),
    addsDetail ? knownPairsOnce : twoIterations,
    rule(
      "batch_size",
      batch,
      batch < 32
        ? `it is half of the ${n} ${samples}`
        : `${height}×${width} ${cells} on a processor`,
    ),
    rule("lr", 5e-4, "it is usual for convolutional networks; it warms up, then decays to 0"),
    rule("lr_warmup", 50, "Adam's averages settle in some ten steps"),
    rule("ema_rate", 0.995, "weights are averaged over some hundred steps"),
    pairsServe,
    rule(
      "cache_npar",
      Math.max(batch, Math.min(512, 2 * n)),
      `simulating ${samples} takes longer than training on them`,
    ),
    rule("cache_refresh_stride", 100, "simulated pairs are used several times"),
    rule("test_npar", 128, "evaluations between half-iterations are short"),
    rule("cache_batch_size", 128, "it bounds the memory"),
  ];
}

function networkRules(height: number, width: number, cells: string): Rule[] {
  const channels = Math.max(height, width) <= 32 ? 32 : 64;
  const mayHalve = (times: number) => [height, width].every((size) => size % 2 ** times === 0);
  // The third level of so small maps costs more than it adds.
  const isSmall = Math.max(height, width) <= 8;
  const levels = mayHalve(2) && !isSmall ? "1,2,2" : mayHalve(1) ? "1,2" : "1";
  const small = "the network must be small enough for a processor";
  return [
    rule("model", "UNET", "the data are images"),
    rule("model.num_channels", channels, `${height}×${width} ${cells}`),
    rule(
      "model.channel_mult",
      levels,
      `resolutions of ${height === width ? height : `${height}×${width}`} ${cells}`,
    ),
    rule("model.num_res_blocks", 1, small),
    rule("model.attention_resolutions", null, small),
    rule("model.dropout", 0, "short trainings do not overfit"),
  ];
}

/** Steps of a half-iteration below which the network and the batch become smaller. */
export const fewSteps = 300;
/** Channels of the narrowest chosen network. */
export const leastChannels = 16;
/** Longest time of an image step with twice the width, as a multiple. */
export const twiceTheWidth = 3.5;
/** Images of the smallest chosen batch. */
export const leastBatch = 8;

const sizedThings = { "model.num_channels": "channels", batch_size: "samples" } as const;

/** The options that the speed of the machine decides. */
export type SizeKey = keyof typeof sizedThings;

/** A size for which the time allows `steps` steps in a half-iteration. */
export const chooseSize = (key: SizeKey, value: number, steps: number): Rule =>
  rule(
    key,
    value,
    `the time allows about ${steps} steps in a half-iteration, and fewer with more ${sizedThings[key]}`,
  );

/** The grid of networks that are trained for few steps. */
export const coarseGrid = (steps: number): Rule =>
  rule(
    "num_steps",
    Math.min(10, Math.ceil(steps / 4)),
    "so few steps of training do not need a fine grid",
  );

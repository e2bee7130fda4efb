// The keys of dsbm evaluate.

import { z } from "zod";
import type { Experiment } from "../configure.js";
import {
  counted,
  device,
  file,
  flag,
  follows,
  oneOf,
  orNull,
  seed,
  several,
  threads,
} from "../schema/kinds.js";
import { checkDiffusionKey, samplerKeys } from "./sample.js";

export const holdoutKeys = (description: string) => ({
  holdout: orNull(several(z.string().min(1)), description, "day_3.npy"),
  at: orNull(
    several(z.number()),
    "the time of each hold-out, in the units of times=; of two data sets from 0 to 1",
    0.5,
  ),
});

/** The second name of the times of hold-outs, where at= has those of the data sets. */
export const holdoutAliases = { holdout_at: { key: "at", shown: false } };

/** Returns the problems of hold-outs without a time each, or at times that are not between those of the data. */
export function checkHoldouts(
  { holdout, at }: Pick<EvaluateConfig, "holdout" | "at">,
  times: readonly number[] | null,
): string[] {
  const files = [holdout ?? []].flat().length;
  const own = [at ?? []].flat();
  const from = times?.[0] ?? 0;
  const to = times?.at(-1) ?? 1;
  const odd = own.find((time) => !(time > from && time < to));
  if (files !== own.length)
    return [
      `holdout names ${files} files and holdout_at ${own.length} times; expected a time for each, such as holdout=day_3.npy holdout_at=0.5`,
    ];
  return odd === undefined
    ? []
    : [`holdout_at=${odd}: expected times between those of source and target, ${from} and ${to}`];
}

const anyTime = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

export const evaluateSchema = z.strictObject({
  n: follows(
    "starts, and data, at most; null: 2,000 vectors, pictures as test_npar of the run, 128 at most",
    5000,
  ),
  seed: seed("seed of noise, directions, resamples and draws"),
  split: oneOf(
    ["test", "train"],
    "test",
    "measure on what was held out, or on what was trained on",
  ),
  direction: oneOf(["both", "f", "b"], "both", "f: from time 0 to time 1; b: from 1 to 0"),
  steps: follows("steps of the sampler; null: as in training", 100),
  solver: oneOf(
    ["sde", "dopri5", "heun", "euler"],
    "sde",
    "how ends are made: sde, as the run samples, or a solver of its probability flow",
  ),
  ...samplerKeys,
  metrics: orNull(
    several(z.string().min(1)),
    "only these metrics, or the groups ends, plan, path, columns, marginals, holdout, baselines; null is all",
    ["sliced_w2", "plan"],
  ),
  inception: file(
    "the published TorchScript file of Inception-v3, for the FID; its code runs",
    "inception-2015-12-05.pt",
  ),
  fid_statistics: file(
    "statistics (mu, sigma) of real images for the FID",
    "cifar10_fid_stats.npz",
  ),
  exact: counted(2000, "points of each side of the exact distances between the ends, at most"),
  ...holdoutKeys("samples of a time between the ends that was left out, in the data's own units"),
  json: flag(false, "print the rows as JSON instead of a table"),
  out: file("write quality.json here instead of into RUN", "quality.json"),
  threads: threads("processor threads; auto is all of them"),
  device: device(),
});

export type EvaluateConfig = z.output<typeof evaluateSchema>;

/** A run measured again, each metric with its floor and its ceiling. */
export const evaluate: Experiment<typeof evaluateSchema> = {
  name: "evaluate",
  about:
    "how good the bridge of a run is: each metric beside its floor and its ceiling, into RUN/quality.json",
  schema: evaluateSchema,
  aliases: holdoutAliases,
  // The times of the run are not known yet.
  check: (config) => [
    ...checkHoldouts(config, anyTime),
    ...checkDiffusionKey(config),
    ...(config.fid_statistics !== null && config.inception === null
      ? ["fid_statistics are statistics of Inception's features: name its file too, inception=FILE"]
      : []),
  ],
};

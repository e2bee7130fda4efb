import { nounOf } from "@dsbm/files";
import { z } from "zod";
import type { Experiment } from "../experiment.js";
import {
  countOrNull,
  device,
  exactRows,
  file,
  flag,
  halfIteration,
  oneOf,
  oneOrMore,
  orNull,
  seed,
  threads,
} from "../schema/kinds.js";
import { checkSolver, samplerKeys } from "./sample.js";

/** Keys of held-out files and their times, for commands that measure hold-outs. */
export const holdoutKeys = (description: string) => ({
  holdout: orNull(oneOrMore(z.string().min(1)), description, "day_3.npy"),
  at: orNull(
    oneOrMore(z.number()),
    "the time of each hold-out, in the units of times=; with two datasets from 0 to 1",
    0.5,
  ),
});

/** Second name of the times of hold-outs, for commands where at= is a time of the data. */
export const holdoutAliases = { holdout_at: { key: "at", shown: false } };

/** Returns the problems of hold-outs without a time, or with a time outside the data's range. */
export function checkHoldouts(
  { holdout, at }: Pick<EvaluateConfig, "holdout" | "at">,
  times: readonly number[] | null,
): string[] {
  const files = [holdout ?? []].flat().length;
  const holdoutTimes = [at ?? []].flat();
  const from = times?.[0] ?? 0;
  const to = times?.at(-1) ?? 1;
  const odd = holdoutTimes.find((time) => !(time > from && time < to));
  if (files === 0 && holdoutTimes.length > 0)
    return [
      `holdout_at=${holdoutTimes} gives times of hold-outs, but holdout= names no file: write holdout=FILE, or times= for the times of your datasets`,
    ];
  if (files !== holdoutTimes.length)
    return [
      `holdout names ${files} ${nounOf(files, "file")} and holdout_at ${holdoutTimes.length} ${nounOf(holdoutTimes.length, "time")}; expected a time for each file, such as holdout=day_3.npy holdout_at=0.5`,
    ];
  return odd === undefined
    ? []
    : [`holdout_at=${odd}: expected times between ${from} (source) and ${to} (target)`];
}

const anyTime = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

const evaluateSchema = z.strictObject({
  n: orNull(
    z.int().min(2),
    "maximum rows of each side; null: 2,000 vectors, up to 128 images",
    5000,
  ),
  seed: seed("seed of all random numbers"),
  split: oneOf(
    ["test", "train"],
    "test",
    "evaluate on held-out rows (test) or on training rows (train)",
  ),
  half_iteration: halfIteration(),
  direction: oneOf(["both", "f", "b"], "both", "f: from time 0 to time 1; b: from 1 to 0"),
  steps: countOrNull("steps of the sampler; null: as in training", 100),
  solver: oneOf(
    ["sde", "dopri5", "heun", "euler"],
    "sde",
    "sampler: sde, as the run samples, or a solver of its probability flow",
  ),
  ...samplerKeys,
  metrics: orNull(
    oneOrMore(z.string().min(1)),
    "only these metrics or groups (endpoints, plan, path, columns, marginals, holdout); null is all",
    ["sliced_w2", "plan"],
  ),
  inception: file(
    "TorchScript file of Inception-v3, for FID and KID; its code runs",
    "inception-2015-12-05.pt",
  ),
  fid_statistics: file(
    "statistics (mu, sigma) of real images for the FID",
    "cifar10_fid_stats.npz",
  ),
  exact: exactRows(),
  ...holdoutKeys("held-out samples of an intermediate time, in the units of the data"),
  json: flag(false, "print the rows as JSON instead of a table"),
  out: file("write quality.json here instead of into RUN", "quality.json"),
  threads: threads("processor threads; auto is all of them"),
  device: device(),
});

/** The resolved configuration of `dsbm evaluate`. */
export type EvaluateConfig = z.output<typeof evaluateSchema>;

/** The command `dsbm evaluate`. */
export const evaluate: Experiment<typeof evaluateSchema> = {
  name: "evaluate",
  about: "evaluate the bridge of a run: metrics with floors and ceilings, into RUN/quality.json",
  schema: evaluateSchema,
  aliases: holdoutAliases,
  check: (config) => [
    ...checkHoldouts(config, anyTime),
    ...checkSolver(config),
    ...(config.fid_statistics !== null && config.inception === null
      ? [
          "fid_statistics holds statistics of Inception's features: also give its file, inception=FILE",
        ]
      : []),
  ],
};

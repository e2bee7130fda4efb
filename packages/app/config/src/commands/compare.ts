// The keys of dsbm compare.

import { z } from "zod";
import type { Experiment } from "../configure.js";
import { counted, file, flag, orNull, seed, several, threads } from "../schema/kinds.js";

export const compareSchema = z.strictObject({
  source: file(
    "what the generated samples were made from, for ceilings and a verdict",
    "source.csv",
  ),
  n: counted(2000, "rows of each side, at most"),
  exact: counted(2000, "rows of each side of the exact distances, at most"),
  metrics: orNull(
    several(z.string().min(1)),
    "only these metrics, or the groups ends and columns; null is all",
    ["w1", "mmd"],
  ),
  seed: seed("seed of directions, resamples and draws"),
  json: flag(false, "print the rows as JSON instead of a table"),
  threads: threads("processor threads; auto is all of them"),
});

/** Samples of any program against data. */
export const compare: Experiment<typeof compareSchema> = {
  name: "compare",
  about:
    "how close generated samples of any program are to data: each metric with its floor and its ceiling",
  schema: compareSchema,
};

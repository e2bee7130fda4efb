import { z } from "zod";
import type { Experiment } from "../experiment.js";
import { flag, orNull } from "../schema/kinds.js";

const runsSchema = z.strictObject({
  json: flag(false, "print JSON lines instead of a table"),
});

/** The command `dsbm runs`. */
export const runs: Experiment<typeof runsSchema> = {
  name: "runs",
  about: "list runs, the newest first: folder, state, method, data, age and main metric",
  schema: runsSchema,
};

const studioSchema = z.strictObject({
  port: orNull(
    z.int().min(1024).max(65_535),
    "the port; null: 4747, or any other if 4747 is taken",
    4747,
  ),
});

/** The command `dsbm studio`. */
export const studio: Experiment<typeof studioSchema> = {
  name: "studio",
  about:
    "show runs on a page of this machine: a table of runs, each run live, and trained bridges to play with",
  schema: studioSchema,
};

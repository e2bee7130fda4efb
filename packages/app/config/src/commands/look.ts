import { z } from "zod";
import type { Experiment } from "../experiment.js";
import { reading } from "../keys/data.js";
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

const lookSchema = z.strictObject({
  json: flag(false, "print JSON instead of a table"),
  data: z.strictObject(reading),
});

/** The command `dsbm look`. */
export const look: Experiment<typeof lookSchema> = {
  name: "look",
  about: "show the columns of a table: types, missing values, means and ranges",
  schema: lookSchema,
};

const studioSchema = z.strictObject({
  port: orNull(
    z.int().min(1024).max(65_535),
    "the port; null: 4747, or any other if 4747 is taken",
    4747,
  ),
  read_only: flag(false, "only show: no new bridges, no samples, no notes, no deletion"),
});

/** The command `dsbm studio`. */
export const studio: Experiment<typeof studioSchema> = {
  name: "studio",
  about: "train, compare and use bridges on a page of this machine, in the folder of its runs",
  schema: studioSchema,
};

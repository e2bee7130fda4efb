import { z } from "zod";
import type { Experiment } from "../configure.js";
import { cell, counted, file } from "../schema/kinds.js";
import { sampleSchema } from "./sample.js";

export const annotateSchema = z.strictObject({
  at: cell(
    "the time of the transported state, a value of data.split_by or a number between; null: the last time",
    "7",
  ),
  fate: file(
    "a column of classes: adds the probability of each class at the last time",
    "celltype",
  ),
  draws: counted(10, "draws of noise for the average of fates"),
  neighbours: counted(
    10,
    "nearest cells of the last time that vote on the class of a transported cell",
  ),
  ...sampleSchema.pick({
    half_iteration: true,
    seed: true,
    missing: true,
    decimal: true,
    header: true,
    key: true,
    layer: true,
    overwrite: true,
    threads: true,
    device: true,
  }).shape,
});

/** The resolved configuration of `dsbm annotate`. */
export type AnnotateConfig = z.output<typeof annotateSchema>;

/** The command `dsbm annotate`. */
export const annotate: Experiment<typeof annotateSchema> = {
  name: "annotate",
  about: "add facts from a bridge to each row of a table: velocity, transported state, fates",
  schema: annotateSchema,
};

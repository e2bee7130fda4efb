// The keys of dsbm annotate.

import { z } from "zod";
import type { Experiment } from "../configure.js";
import { cell, counted, file } from "../schema/kinds.js";
import { sampleSchema } from "./sample.js";

export const annotateSchema = z.strictObject({
  at: cell(
    "the time of the transported state, as in data.split_by or a number between; null: the last",
    "7",
  ),
  fate: file(
    "a column of classes: adds the probability of each class at the last time",
    "celltype",
  ),
  draws: counted(10, "draws of the noise that fates are averaged over"),
  neighbours: counted(10, "nearest cells of the last time whose classes a transported cell takes"),
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

export type AnnotateConfig = z.output<typeof annotateSchema>;

/** What a trained bridge says of each row. */
export const annotate: Experiment<typeof annotateSchema> = {
  name: "annotate",
  about: "add what a bridge says of each row to a table: velocity, transported state, fates",
  schema: annotateSchema,
};

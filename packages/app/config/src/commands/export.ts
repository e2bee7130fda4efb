import { z } from "zod";
import type { Experiment } from "../experiment.js";
import { file, flag, halfIteration, orNull } from "../schema/kinds.js";

/** Keys of `dsbm export`. */
export const exportSchema = z.strictObject({
  direction: orNull(
    z.enum(["b", "f", "both"]),
    "f: from time 0 to 1; b: from 1 to 0; null: all trained directions",
    "f",
  ),
  half_iteration: halfIteration(),
  license: file("the licence of the exported networks, a name or a text", "CC-BY-4.0"),
  samples: orNull(
    z.int().min(0).max(20_000),
    "held-out samples of each dataset in a page; null: 1,000 rows, fewer of wide tables, 48 images",
    "0",
  ),
  overwrite: flag(false, "replace existing files"),
});

/** The resolved configuration of `dsbm export`. */
export type ExportConfig = z.output<typeof exportSchema>;

/** The command `dsbm export`. */
export const exportNetworks: Experiment<typeof exportSchema> = {
  name: "export",
  about: "export a trained bridge: ONNX models with a sampler, or a page",
  schema: exportSchema,
};

// The keys of dsbm export.

import { z } from "zod";
import type { Experiment } from "../configure.js";
import { file, flag, halfIteration, orNull } from "../schema/kinds.js";

export const exportSchema = z.strictObject({
  direction: orNull(
    z.enum(["b", "f", "both"]),
    "f: from time 0 to 1; b: from 1 to 0; null: all that there are, of a single model f if it is there",
    "f",
  ),
  half_iteration: halfIteration(),
  license: file("the licence of the exported networks, a name or a sentence", "CC-BY-4.0"),
  samples: orNull(
    z.int().min(0).max(20_000),
    "held-out samples of each end in a page; null: 1,000 rows, fewer of wide tables, 48 pictures",
    "0",
  ),
  overwrite: flag(false, "replace what is there"),
});

export type ExportConfig = z.output<typeof exportSchema>;

/** A trained bridge as ONNX models. */
export const exported: Experiment<typeof exportSchema> = {
  name: "export",
  about: "a trained bridge as ONNX models with all that sampling from them needs, or as a page",
  schema: exportSchema,
};

import { z } from "zod";
import type { Experiment } from "../experiment.js";
import { countOrNull, file } from "../schema/kinds.js";

/** Keys of `dsbm extend`. */
export const extendSchema = z.strictObject({
  more: countOrNull("additional half-iterations; also written +N", 2),
  half_iterations: countOrNull("total half-iterations; also outer_iters", 8),
  metrics: z.strictObject({
    inception: file("the TorchScript file of the run's training; its code runs", "inception.pt"),
    fid_statistics: file("statistics of the features of this file", "statistics.npz"),
  }),
});

/** The command `dsbm extend`. */
export const extend: Experiment<typeof extendSchema> = {
  name: "extend",
  about: "train a run for longer than its configuration says",
  schema: extendSchema,
  aliases: {
    outer_iters: { key: "half_iterations", shown: false },
  },
};

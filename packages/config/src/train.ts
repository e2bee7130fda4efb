// Why: the image trainer's keys are those of the reference, with its defaults; what a run was asked
// for is decided here and in train/, and nowhere else.

import { freeProcessKeys } from "./processes.js";
import type { Experiment } from "./resolve.js";
import { checkTrain } from "./train/check.js";
import { trainSchema } from "./train/schema.js";

/** Bridges between images (Shi 2023, section 6). */
export const train: Experiment<typeof trainSchema> = {
  name: "train",
  about: "Schrödinger bridge between two sets of images, or between images and noise",
  schema: trainSchema,
  check: checkTrain,
  launched: true,
  // What a run is called and where it goes on must not depend on how fast, or how carefully, it is run.
  unnamed: [
    "name",
    "threads",
    "log_every",
    "autostart_next_it",
    "checkpoint_minutes",
    "keep_last",
    "keep_every",
    "paths.data_dir_name",
    ...freeProcessKeys,
  ],
};

// `dsbm fit` takes the keys of `dsbm train`, most of which it chooses from the data, and those of the time that it may take.

import { z } from "zod";
import { checkTrain } from "../keys/check.js";
import { trainSchema } from "../keys/schema.js";
import type { Experiment } from "../resolve.js";
import { flag, key, orNull, positive } from "../schema/kinds.js";
import { train } from "./train.js";

/** One or several of a kind. */
const several = <S extends z.ZodType>(kind: S) => z.union([kind, z.array(kind).min(1)]);

const fitKeys = {
  max_minutes: key(
    positive().nullable(),
    10,
    "minutes for everything, evaluation and report included; null: num_iter steps, however long they take",
  ),
  early_stop: flag(true, "end before that where held-out data are no longer reached better"),
  holdout: orNull(
    several(z.string().min(1)),
    "samples of a time between the ends, to evaluate with; they are not trained on",
    "day_3.npy",
  ),
  at: orNull(several(z.number().gt(0).lt(1)), "the time of each hold-out", 0.5),
};

export const fitSchema = trainSchema.extend(fitKeys);

export type FitConfig = z.output<typeof fitSchema>;

/** The keys that `dsbm fit` has beside those of `dsbm train`. */
export const fitOnlyKeys: readonly string[] = Object.keys(fitKeys);

function checkFit(
  config: FitConfig,
  choices: Readonly<Record<string, string | null>> = {},
): string[] {
  const [files, times] = [config.holdout, config.at].map((given) =>
    given === null ? [] : [given].flat(),
  );
  return [
    ...checkTrain(config, choices),
    ...(files?.length === times?.length
      ? []
      : [
          `holdout names ${files?.length} files and at ${times?.length} times; expected a time for each, such as holdout=day_3.npy at=0.5`,
        ]),
  ];
}

/** A bridge between two data sets of the user's own: what is not given is chosen from the data. */
export const fit: Experiment<typeof fitSchema> = {
  ...train,
  name: "fit",
  about:
    "Schrödinger bridge between two data sets of your own, with choices made from the data, in the time given",
  schema: fitSchema,
  check: checkFit,
  sections: { "time and evaluation": fitOnlyKeys, ...train.sections },
  unnamed: [
    ...(train.unnamed ?? []),
    "Dataset",
    "Dataset_between",
    "Dataset_transfer",
    "holdout",
    "at",
  ],
};

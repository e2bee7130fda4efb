import { z } from "zod";
import type { Experiment } from "../experiment.js";
import { reading } from "../keys/data.js";
import {
  exactRows,
  file,
  flag,
  key,
  oneOf,
  oneOrMore,
  orNull,
  seed,
  threads,
} from "../schema/kinds.js";

const compareSchema = z.strictObject({
  source: file("the source of the generated samples, for ceilings and a verdict", "source.csv"),
  where: file("a condition on the columns of TARGET, such as day == 7", "day == 7"),
  source_where: file("the same for the source", "day == 2"),
  exclude: orNull(oneOrMore(z.string().min(1)), "columns of TARGET that are not compared", ["day"]),
  ...reading,
  missing: oneOf(["error", "drop"], "error", "tables: treatment of rows with missing values"),
  weights: file("the column of weights of GENERATED, by which its rows are drawn", "weight"),
  inception: file(
    "images: TorchScript file of Inception-v3, for FID and KID; its code runs",
    "inception-2015-12-05.pt",
  ),
  n: key(z.int().min(4), 2000, "maximum rows of each side"),
  exact: exactRows(),
  metrics: orNull(
    oneOrMore(z.string().min(1)),
    "only these metrics or groups (endpoints, columns); null is all",
    ["w1", "mmd"],
  ),
  seed: seed("seed of all random numbers"),
  json: flag(false, "print the rows as JSON instead of a table"),
  threads: threads("processor threads; auto is all of them"),
});

/** The resolved configuration of `dsbm compare`. */
export type CompareConfig = z.output<typeof compareSchema>;

/** The command `dsbm compare`. */
export const compare: Experiment<typeof compareSchema> = {
  name: "compare",
  about: "compare samples of any program with data: metrics with floors and ceilings",
  schema: compareSchema,
};

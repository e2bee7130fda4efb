import { join } from "node:path";
import { z } from "zod";
import { readIfAs } from "../files/json.js";
import { listOf, real, realOrNull, text, textOrNull } from "../files/schema.js";

const end = z.object({
  path: text,
  /** "table" or "pictures". */
  kind: text,
  /** The group of the rows, if one file holds source and target. */
  group: textOrNull,
  format: textOrNull,
  rows: realOrNull,
  train: realOrNull,
  test: realOrNull,
  /** Dropped rows with missing values. */
  dropped: realOrNull,
  shape: listOf(real),
});

const transform = z.object({
  /** Whether every value was replaced by log(1 + x). */
  log1p: z.boolean().catch(false),
  standardise: z.enum(["columns", "global", "none"]).catch("none"),
  mean: listOf(real),
  std: listOf(real),
});

/** The schema of data.json. */
export const dataFile = z.object({
  source: end,
  target: end.nullable().catch(null),
  columns: listOf(z.object({ name: z.string() })),
  transform: transform.catch({ log1p: false, standardise: "none", mean: [], std: [] }),
  /** The condition column. */
  condition: textOrNull,
  warnings: listOf(z.string()),
  /** The SHA-256 of each table by its path. */
  files: z.record(z.string(), z.string()).catch({}),
});

/** The content of data.json. */
export type DataFile = z.output<typeof dataFile>;

/** The source or the target in data.json. */
export type EndpointData = z.output<typeof end>;

/** The schema of an entry of choices.json. */
export const choice = z.object({
  key: z.string(),
  value: z.unknown(),
  reason: text,
  /** Whether the user gave it. */
  given: z.boolean().catch(false),
  /** Whether it only organises the run: reports skip it. */
  organising: z.boolean().optional(),
});

/** An option that `dsbm fit` chose, with its reason. */
export type Choice = z.output<typeof choice>;

/** Returns null if the file is missing or has another form. Throws RunError "corrupt". */
export const readDataFile = (folder: string): DataFile | null =>
  readIfAs(join(folder, "data.json"), dataFile);

/** Returns [] if the file is missing. Throws RunError "corrupt" for invalid JSON. */
export const readChoiceList = (folder: string): Choice[] =>
  readIfAs(join(folder, "choices.json"), listOf(choice)) ?? [];

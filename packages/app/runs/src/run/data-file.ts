// data.json: the tables of a run, and choices.json: the choices of `dsbm fit`.
import { join } from "node:path";
import { z } from "zod";
import { listOf, readIfAs, text } from "../files/json.js";

const range = z.object({ min: z.number(), max: z.number() });

const embedding = z.object({
  name: z.string(),
  loadings: z.record(z.string(), z.array(z.number())).nullable(),
  variances: z.array(z.number()).nullable(),
  isCentred: z.boolean(),
});

const end = z.object({
  path: z.string(),
  /** The group of the rows, if one file holds source and target. */
  group: z.string().nullable(),
  format: z.string(),
  rows: z.number(),
  train: z.number(),
  test: z.number(),
  /** Dropped rows with missing values. */
  dropped: z.number(),
  /** The model that made coordinates in obsm of a .h5ad file. */
  embedding: embedding.optional().catch(undefined),
});

const timedDataset = end.extend({
  /** Its time as people write it: "2". */
  label: z.string(),
  /** Its mass relative to the first dataset; null: masses are constant. */
  mass: z.number().nullable(),
});

const course = z.object({
  /** The name of the times: of their column, or "time". */
  name: z.string(),
  /** In the order of their times. */
  datasets: z.array(timedDataset).min(2),
});

/** The times of a run in data.json: the `name` of the times, and their `datasets` with labels, rows and masses. */
export type CourseRecord = z.output<typeof course>;

const column = z.object({
  name: z.string(),
  source: range,
  target: range.nullable(),
  /** Of all datasets of a course; missing in runs of version 0.2. */
  all: range.optional(),
  /** Whether all values are whole numbers. */
  whole: z.boolean(),
  /** Warnings about the column. */
  notes: listOf(z.string()),
});

const transform = z.object({
  /** Whether every value was replaced by log(1 + x). */
  log1p: z.boolean(),
  standardise: z.enum(["columns", "global", "robust", "none"]),
  mean: z.array(z.number()),
  std: z.array(z.number().nonnegative()),
});

const conditioning = z.object({
  name: z.string(),
  classes: z.array(z.string()).nullable(),
  mean: z.number(),
  std: z.number(),
});

const category = z.object({
  name: z.string(),
  /** Sorted; their columns are named NAME=LEVEL. */
  levels: z.array(z.string()).min(1),
});

/** The schema of data.json. */
export const dataFile = z
  .object({
    source: end,
    target: end.nullable(),
    columns: z.array(column).min(1),
    /** Columns of texts whose levels are columns. */
    categories: z.array(category).default([]),
    kept: z.array(z.string()),
    transform,
    /** The condition column; null without one. */
    conditioning: conditioning.nullable(),
    warnings: listOf(z.string()),
    /** The times of a course, of growth and of numbered groups; null for other data. */
    course: course.nullable().catch(null),
    /** The SHA-256 of each table by its path. */
    files: z.record(z.string(), z.string()).catch({}),
  })
  .refine(({ columns, transform: { mean, std } }) =>
    [mean, std].every(({ length }) => length === columns.length),
  );

/**
 * The content of data.json: `source` and `target`, ranges of `columns`, `kept` columns, the
 * `transform` to network units, and `warnings`.
 */
export type DataFile = z.output<typeof dataFile>;

/**
 * The source or the target in data.json: `path` and `format` of its file, and its numbers of `rows`,
 * of `train` and of `test` rows.
 */
export type EndpointRecord = z.output<typeof end>;

/** "day 3": a time with the name of its times; a time that is no number is its own name. */
export const timeTitle = (name: string, label: string): string =>
  label.trim() !== "" && Number.isFinite(Number(label)) ? `${name} ${label}` : label;

/** The schema of an entry of choices.json. */
export const choice = z.object({
  key: z.string(),
  value: z.unknown(),
  /** Empty for the user's own values; earlier versions wrote a sentence for these. */
  reason: text.transform((reason) => (reason === "it was given" ? "" : reason)),
  /** Whether the user gave it. */
  given: z.boolean().catch(false),
  /** Whether it only organises the run: reports skip it. */
  organising: z.boolean().optional(),
});

/** An option that `dsbm fit` chose: its `key`, its `value` and the `reason`. */
export type Choice = z.output<typeof choice>;

/**
 * Returns null if the file is missing or has another form.
 * @throws {RunError} "corrupt".
 */
export const readDataFile = (folder: string): DataFile | null =>
  readIfAs(join(folder, "data.json"), dataFile);

/**
 * Returns [] if the file is missing.
 * @throws {RunError} "corrupt" for invalid JSON.
 */
export const readChoiceList = (folder: string): Choice[] =>
  readIfAs(join(folder, "choices.json"), listOf(choice)) ?? [];

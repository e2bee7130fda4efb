// fields.json: the NetCDF files and Zarr folders of a run, and the units of its channels.
import { join } from "node:path";
import { z } from "zod";
import { listOf, readIfAs } from "../files/json.js";

const range = z.object({ min: z.number(), max: z.number() });

const size = z.tuple([z.int().positive(), z.int().positive()]);

const attribute = z.union([z.string(), z.number(), z.array(z.number())]);

const axis = z.object({
  name: z.string(),
  size: z.int().positive(),
  values: z.array(z.number()).nullable(),
  attributes: z.record(z.string(), attribute).catch({}),
});

const end = z.object({
  path: z.string(),
  format: z.string(),
  /** Fields in the file. */
  fields: z.number(),
  train: z.number(),
  test: z.number(),
  /** Dropped fields with missing values. */
  dropped: z.number(),
  /** Variables in another unit than in the file, for people. */
  converted: z.array(z.string()).catch([]),
  /** The first and the last time, with the calendar; null without dates. */
  times: z.string().nullable(),
  /** The grid, for people. */
  cells: z.string(),
});

const level = z.object({
  variable: z.string(),
  dimension: z.string(),
  label: z.string(),
  value: z.number().nullable(),
  attributes: z.record(z.string(), attribute).catch({}),
});

const names = z.object({
  name: z.string(),
  /** Null: the file does not say. */
  units: z.string().nullable(),
  attributes: z.record(z.string(), attribute).catch({}),
  /** Undefined without levels. */
  level: level.optional(),
});

const channel = z.object({
  source: names,
  target: names,
  range: z.object({ source: range, target: range.nullable() }),
});

const statics = z.object({
  channels: z.array(names),
  files: z.array(z.string()),
  /** [S, H, W] of mean 0 and variance 1, float32 in base64. */
  values: z.string(),
});

/** The schema of fields.json. */
export const fieldsFile = z
  .object({
    /** The source. */
    source: end,
    /** Null: a Gaussian. */
    target: end.nullable(),
    /** Variables with their ranges. */
    channels: z.array(channel).min(1),
    /** Height and width of the grid. */
    grid: size,
    /** The axes of the grid, from north to south. */
    axes: z.object({ y: axis, x: axis }),
    /** Height and width of a sample, of which the grid is the first part. */
    size,
    /** Cells of a sample without values, as bits in base64. */
    missing: z.string(),
    /** Whether these cells have neither noise nor loss; false in runs of version 0.2. */
    masked: z.boolean().catch(false),
    /** Static fields of networks; null without any. */
    statics: statics.nullable().catch(null),
    /** From values to network units, by channel. */
    transform: z.object({
      log1p: z.boolean(),
      sqrt: z.boolean().optional(),
      standardise: z.enum(["columns", "global", "none"]),
      mean: z.array(z.number()),
      std: z.array(z.number().nonnegative()),
    }),
    /** Differences between source and target. */
    warnings: listOf(z.string()),
    /** The SHA-256 of each file by its path. */
    files: z.record(z.string(), z.string()).catch({}),
  })
  .refine(({ channels, transform: { mean, std } }) =>
    [mean, std].every(({ length }) => length === channels.length),
  );

/** The content of fields.json. */
export type FieldsFile = z.output<typeof fieldsFile>;

/**
 * Returns null if the file is missing or has another form.
 * @throws {RunError} "corrupt".
 */
export const readFieldsFile = (folder: string): FieldsFile | null =>
  readIfAs(join(folder, "fields.json"), fieldsFile);

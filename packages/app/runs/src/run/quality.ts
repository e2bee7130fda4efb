// quality.json: how good a bridge is. Each metric is a row with all that is shown of it.
import { existsSync } from "node:fs";
import { z } from "zod";
import { readAs, writeJson } from "../files/json.js";
import { listOf, real, realOrNull, text } from "../files/schema.js";
import { shellWord } from "../shell.js";
import { type Direction, runPaths } from "./layout.js";

/** The groups of metrics with their headings, in the order of tables. */
export const metricGroups = {
  holdout: "At the time that was held out",
  ends: "How close the generated samples are to the data",
  marginals: "Data at times between",
  plan: "Which start goes to which end",
  baselines: "Bridges without training, for comparison",
  path: "How samples move",
  columns: "Column by column, the worst first",
} as const;
export type MetricGroup = keyof typeof metricGroups;

/** From the best to the worst. */
export const grades = ["good", "partial", "undecided", "poor"] as const;
export type Grade = (typeof grades)[number];

const interval = z.tuple([real, real]).nullable().catch(null);

const excess = z.object({
  value: real,
  /** The 95 % interval over both samples. */
  low: real,
  high: real,
  /** The probability that so many rows tell the ceiling from the floor (at the 5 % level). */
  power: real,
  /** How many times as many held-out rows would have a power of .8; null if no number would. */
  more: realOrNull,
});
export type Excess = z.output<typeof excess>;

const verdict = z.object({
  direction: z.enum(["f", "b"]),
  grade: z.enum(grades),
  /** Held-out rows of the source and of the target of the run. */
  n_held_out: z.tuple([real, real]),
  /** What was found, in sentences. */
  reason: z.string(),
  /** What to do now, with its command. */
  next: z.string(),
});
/** Whether a direction of a bridge may be trusted. */
export type Verdict = z.output<typeof verdict>;

const row = z.object({
  /** "sliced_w2"; the key of `metrics=`. */
  name: z.string(),
  /** The name in words, with its unit. */
  title: z.string(),
  group: z.string(),
  /** One sentence: what the value says, and what floor and ceiling are. */
  meaning: text,
  /** The direction of the bridge; null for both or none. */
  direction: z.enum(["f", "b"]).nullable().catch(null),
  /** The column of the data, of a metric of one column. */
  column: z.string().optional().catch(undefined),
  value: real,
  /** The 95 % interval of the value; null if unknown. */
  interval,
  /** The value of a perfect bridge with as many samples; null if it has no meaning. */
  floor: realOrNull,
  floor_interval: interval.optional(),
  /** The value without a bridge: of the untouched source, or of independent pairs; null if it has no meaning. */
  ceiling: realOrNull,
  /** The share of the distance from the ceiling to the floor that is left; missing if it has no meaning. */
  excess: excess.optional().catch(undefined),
  /** Missing if nothing must be reached, and in files of earlier versions. */
  grade: z.enum(grades).optional().catch(undefined),
  better: z.enum(["lower", "higher", "target"]).catch("lower"),
  /** The value to reach, with `better: "target"`. */
  target: real.optional().catch(undefined),
  /** How many generated samples it was measured on; null if unknown. */
  n: realOrNull,
});

/** One metric of one direction, as quality.json keeps it. */
export type MetricRow = z.output<typeof row>;

/** A row as dsbm 0.1 wrote it. */
export interface QualityRow {
  metric: string;
  title: string;
  direction: Direction | null;
  value: number;
  low: number | null;
  high: number | null;
  floor: number | null;
  floor_low?: number;
  floor_high?: number;
  ceiling: number | null;
  better: MetricRow["better"];
  target?: number;
  column?: string;
  group: MetricGroup;
  about: string;
}

const pair = (low: unknown, high: unknown) =>
  typeof low === "number" && typeof high === "number" ? [low, high] : null;

function migrate(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { metric, about, low, high, floor_low, floor_high, ...rest } = value as Record<
    string,
    unknown
  >;
  const floor_interval = pair(floor_low, floor_high);
  const old = {
    name: metric,
    meaning: about,
    interval: pair(low, high),
    ...(floor_interval && { floor_interval }),
  };
  const found = { ...old, ...rest };
  return { group: "", ...found, title: rest.title ?? found.name };
}

/** One metric of one direction; rows of earlier versions are read. */
export const metricRow = z.preprocess(migrate, row);

export const qualityFile = z.object({
  dsbm: text,
  /** The rows that starts and data were taken from. */
  split: z.enum(["train", "test"]).catch("test"),
  n: real.optional().catch(undefined),
  seed: real.optional().catch(undefined),
  /** The options of the sampler that differ from training: solver, steps, diffusion, guidance. */
  sampler: z
    .record(z.string(), z.union([z.string(), real]))
    .optional()
    .catch(undefined),
  /** The files that were held out of the training, and their times. */
  holdouts: z
    .array(z.object({ path: z.string(), at: real }))
    .optional()
    .catch(undefined),
  /** One for each measured direction; none in files of earlier versions. */
  verdicts: listOf(verdict),
  rows: z.array(metricRow),
  /** What was not measured, and why, a line each. */
  left_out: listOf(z.string()),
});

export type Quality = z.output<typeof qualityFile>;

/** Writes quality.json into the folder of a run, or to another path, atomically. Throws FileError. */
export const writeQuality = (
  folder: string,
  quality: Quality,
  path = runPaths(folder).quality_json,
): void => writeJson(path, quality);

/** Reads the newest metrics of a run. Returns null if it was never measured. Throws RunError for a damaged file. */
export function readQuality(folder: string): Quality | null {
  const { quality_json: path } = runPaths(folder);
  const cure = `measure again with npx dsbm evaluate ${shellWord(folder)}`;
  return existsSync(path) ? readAs(path, qualityFile, cure) : null;
}

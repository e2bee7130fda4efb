// quality.json: the metrics of an evaluation and its verdicts.
import { existsSync } from "node:fs";
import { shellWord, writeFileAtomic } from "@dsbm/files";
import { z } from "zod";
import {
  checkAs,
  fromJson,
  listOf,
  readJson,
  readText,
  realNumber,
  realOrNull,
  text,
  toJson,
} from "../files/json.js";
import { earlierNames } from "../files/table.js";
import { checkFiles, writeRunFile } from "./checksums.js";
import { runPaths } from "./layout.js";
import { grades, verdictSchema } from "./verdict.js";

/** Groups of metrics with their headings, in the order of the report. */
export const metricGroups = {
  loo: "Leave-one-out: times that a short training did not see",
  holdout: "At the held-out time",
  endpoints: "How close the generated samples are to the data, the worst first",
  marginals: "Data at intermediate times",
  conditions: "By condition, the worst first",
  middle: "Half of the way: forward against backward",
  plan: "Pairs of source and generated samples",
  path: "How samples move",
  columns: "Column by column, the worst first",
} as const;

/** Directions of a bridge by name. */
export const directionNames = { f: "forward", b: "backward" } as const;

/** A group of metrics. */
export type MetricGroup = keyof typeof metricGroups;

const interval = z.tuple([realNumber, realNumber]).nullable().catch(null);

const excessSchema = z.object({
  value: realNumber,
  /** The 95 % interval over both samples, up to `high`. */
  low: realNumber,
  high: realNumber,
  /** The probability that so many rows tell the ceiling from the floor (at the 5 % level). */
  power: realNumber,
  /** The factor of held-out rows for a power of .8; null if no number is enough. */
  more: realOrNull,
  /** The share at the upper end of the floor's interval: where further real data may lie. */
  floor: realNumber.optional().catch(undefined),
  /** Whether the shares are roots of shares of squares, which have no bias. */
  isSquared: z.boolean().catch(true),
});

/** The remaining share of the way from ceiling to floor: `value`, from `low` to `high`. */
export type Excess = z.output<typeof excessSchema>;

/** What a distance shows, next to its ceiling, as a report says it. */
const findings = ["close", "partway", "no_better", "few_rows"] as const;

/** The finding of a metric with a ceiling. */
export type Finding = (typeof findings)[number];

/** What a bridge is compared with at a held-out time: straight lines between its neighbours, and the nearest dataset copied. */
const rivals = ["line", "nearest"] as const;

const heldOut = z.object({
  /** From the time before (a), from the first time (b), or the nearest dataset copied. */
  protocol: z.enum(["a", "b", "nearest"]),
  /** What the bridge is no better than; null if unknown. */
  misses: z.array(z.enum(rivals)).nullable().catch(null),
});

/** A comparison at a held-out time. */
export type HeldOutComparison = z.output<typeof heldOut>;

/** The distance that decides a verdict, the distance in its place, the classifier, and measures of spread. */
const metricRoles = ["main", "substitute", "alternative", "classifier", "spread"] as const;

const rowFields = z.object({
  /** "sliced_w2"; the key of `metrics=`. */
  name: z.string(),
  /** The title, with its unit. */
  title: z.string(),
  group: z.string().transform((group) => earlierNames[group] ?? group),
  /** One sentence on the value, floor and ceiling. */
  meaning: text,
  /** The direction of the bridge; null for both or none. */
  direction: z.enum(["f", "b"]).nullable().catch(null),
  /** The data column, for a metric of one column. */
  column: z.string().optional().catch(undefined),
  /** Details of the value, such as columns and examples. */
  note: z.string().optional().catch(undefined),
  /** Columns with many generated values outside the range of the data. */
  open_columns: z.array(z.string()).optional().catch(undefined),
  /** The time of a held-out or an intermediate dataset ("day 3"), or a class or range of the condition ("kind = b"). */
  at: z.string().optional().catch(undefined),
  value: realNumber,
  /** The 95 % interval of the value; null if unknown. */
  interval,
  /** The value of a perfect bridge with as many samples; null if it has no meaning. */
  floor: realOrNull,
  floor_interval: interval.optional(),
  /**
   * The value without a bridge: the untransported source, or independent pairs; null if it has no
   * meaning.
   */
  ceiling: realOrNull,
  /** The remaining share of the distance from ceiling to floor; missing if it has no meaning. */
  excess: excessSchema.optional().catch(undefined),
  /** What the metric is for in a verdict; missing for further metrics, and in files of earlier versions. */
  role: z.enum(metricRoles).optional().catch(undefined),
  /** Missing if nothing must be reached, and in files of earlier versions. */
  grade: z.enum(grades).optional().catch(undefined),
  /** Missing without a ceiling, and in files of earlier versions. */
  finding: z.enum(findings).optional().catch(undefined),
  /** For exact distances at a held-out time. */
  held_out: heldOut.optional().catch(undefined),
  better: z.enum(["lower", "higher", "target"]).catch("lower"),
  /** The value to reach, with `better: "target"`. */
  target: realNumber.optional().catch(undefined),
  /** Number of generated samples; null if unknown. */
  n: realOrNull,
});

/** The schema of a row of quality.json: earlier versions told the comparison at a held-out time by the name alone. */
export const metricRowSchema = rowFields.transform((fields) => {
  const [, protocol] = /^(?:loo|holdout)_(a|b|nearest)_w1$/.exec(fields.name) ?? [];
  if (fields.held_out !== undefined || protocol === undefined) return fields;
  return { ...fields, held_out: { protocol, misses: null } as HeldOutComparison };
});

/**
 * A row of quality.json: the `value` of a metric in its `group`, with the interval of its floor
 * (`floor_interval`), and whether lower or higher is `better`.
 */
export type MetricRow = z.output<typeof metricRowSchema>;

/** The schema of quality.json. */
export const qualityFile = z.object({
  dsbm: text,
  /** The split of source and target rows. */
  split: z.enum(["train", "test"]).catch("test"),
  n: realNumber.optional().catch(undefined),
  seed: realNumber.optional().catch(undefined),
  /** Parts of a cross-validation: all rows are held out, part by part. */
  folds: realNumber.optional().catch(undefined),
  /** The sampler's options that differ from training: solver, steps, diffusion, guidance. */
  sampler: z
    .record(z.string(), z.union([z.string(), realNumber]))
    .optional()
    .catch(undefined),
  /** Held-out files and their times. */
  holdouts: z
    .array(z.object({ path: z.string(), at: realNumber }))
    .optional()
    .catch(undefined),
  /** One for each evaluated direction; none in files of earlier versions. */
  verdicts: z.array(verdictSchema).default([]),
  rows: z.array(metricRowSchema),
  /** Skipped metrics with reasons, a line each. */
  left_out: listOf(z.string()),
  /** The same by the titles of the metrics; missing in files of earlier versions. */
  unmeasured: z
    .array(z.object({ titles: z.array(z.string()), reason: z.string() }))
    .optional()
    .catch(undefined),
});

/**
 * The content of quality.json: the version of `dsbm`, the `rows` of metrics, the maximum number `n`
 * of samples, and the `seed`.
 */
export type Quality = z.output<typeof qualityFile>;

const isLeftOut = ({ group }: MetricRow): boolean => group === "loo";

/**
 * Writes quality.json into a run folder, or to another path, atomically. Leave-one-out of an earlier file stays.
 * @throws {FileError}
 */
export function writeQuality(
  folder: string,
  quality: Quality,
  path = runPaths(folder).quality_json,
): void {
  const earlier = quality.rows.some(isLeftOut) ? null : qualityFile.safeParse(parsedOrNull(path));
  const rows = [...(earlier?.data?.rows.filter(isLeftOut) ?? []), ...quality.rows];
  const json = `${toJson({ ...quality, rows }, { indent: 2 })}\n`;
  if (path === runPaths(folder).quality_json) writeRunFile(folder, "quality.json", json);
  else writeFileAtomic(path, json);
}

function parsedOrNull(path: string): unknown {
  try {
    return readJson(path);
  } catch {
    return null;
  }
}

/**
 * Returns null if the run was never evaluated.
 * @throws {RunError} for a damaged file.
 */
export function readQuality(folder: string): Quality | null {
  const { quality_json: path } = runPaths(folder);
  if (!existsSync(path)) return null;
  checkFiles(folder, ["quality.json"], cureOf(folder));
  return parseQuality(readText(path), folder);
}

/**
 * The content of the quality.json of a run folder.
 * @throws {RunError} "corrupt" with the command that evaluates again.
 */
export function parseQuality(content: string, folder: string): Quality {
  const { quality_json: path } = runPaths(folder);
  const cure = cureOf(folder);
  return checkAs(fromJson(content, path, cure), path, { schema: qualityFile, cure });
}

const cureOf = (folder: string) => `evaluate again with npx dsbm evaluate ${shellWord(folder)}`;

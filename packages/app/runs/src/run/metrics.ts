import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { listOf, readAs, readIfAs, real, realOrNull, text, writeJson } from "../files/json.js";
import { earlierNames, formatNumber, type Row } from "../files/table.js";
import { shellWord } from "../process.js";
import { runPaths } from "./layout.js";

/** Groups of metrics with their headings, in the order of the report. */
export const metricGroups = {
  loo: "Leave-one-out: times that a short training did not see",
  holdout: "At the held-out time",
  endpoints: "How close the generated samples are to the data",
  marginals: "Data at intermediate times",
  plan: "Pairs of source and generated samples",
  path: "How samples move",
  columns: "Column by column, the worst first",
} as const;

/** Directions of a bridge by name. */
export const directionNames = { f: "forward", b: "backward" } as const;

/** A group of metrics. */
export type MetricGroup = keyof typeof metricGroups;

/** From the best to the worst. */
export const grades = ["good", "partial", "undecided", "poor"] as const;

/** The grade of a direction. */
export type Grade = (typeof grades)[number];

const interval = z.tuple([real, real]).nullable().catch(null);

const excess = z.object({
  value: real,
  /** The 95 % interval over both samples, up to `high`. */
  low: real,
  high: real,
  /** The probability that so many rows tell the ceiling from the floor (at the 5 % level). */
  power: real,
  /** The factor of held-out rows for a power of .8; null if no number is enough. */
  more: realOrNull,
  /** Whether the shares are roots of shares of squares, which have no bias. */
  isSquared: z.boolean().catch(true),
});

/** The remaining share of the way from ceiling to floor: `value`, from `low` to `high`. */
export type Excess = z.output<typeof excess>;

const verdict = z.object({
  direction: z.enum(["f", "b"]),
  grade: z.enum(grades),
  n_held_out: z.tuple([real, real]),
  /** The finding, in sentences. */
  reason: z.string(),
  /** The next step, with its command. */
  next: z.string(),
});
/**
 * Whether a `direction` of a bridge may be trusted: its `grade` from `n_held_out` source and target
 * rows.
 */
export type Verdict = z.output<typeof verdict>;

const row = z.object({
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
  /** The time of a held-out dataset. */
  at: z.string().optional().catch(undefined),
  value: real,
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
  excess: excess.optional().catch(undefined),
  /** Missing if nothing must be reached, and in files of earlier versions. */
  grade: z.enum(grades).optional().catch(undefined),
  better: z.enum(["lower", "higher", "target"]).catch("lower"),
  /** The value to reach, with `better: "target"`. */
  target: real.optional().catch(undefined),
  /** Number of generated samples; null if unknown. */
  n: realOrNull,
});

/**
 * A row of quality.json: the `value` of a metric in its `group`, with the interval of its floor
 * (`floor_interval`), and whether lower or higher is `better`.
 */
export type MetricRow = z.output<typeof row>;

/** The schema of quality.json. */
export const qualityFile = z.object({
  dsbm: text,
  /** The split of source and target rows. */
  split: z.enum(["train", "test"]).catch("test"),
  n: real.optional().catch(undefined),
  seed: real.optional().catch(undefined),
  /** Parts of a cross-validation: all rows are held out, part by part. */
  folds: real.optional().catch(undefined),
  /** The sampler's options that differ from training: solver, steps, diffusion, guidance. */
  sampler: z
    .record(z.string(), z.union([z.string(), real]))
    .optional()
    .catch(undefined),
  /** Held-out files and their times. */
  holdouts: z
    .array(z.object({ path: z.string(), at: real }))
    .optional()
    .catch(undefined),
  /** One for each evaluated direction; none in files of earlier versions. */
  verdicts: listOf(verdict),
  rows: z.array(row),
  /** Skipped metrics with reasons, a line each. */
  left_out: listOf(z.string()),
});

/**
 * The content of quality.json: the version of `dsbm`, the `rows` of metrics, the maximum number `n`
 * of samples, and the `seed`.
 */
export type Quality = z.output<typeof qualityFile>;

const isLeftOut = ({ group }: MetricRow): boolean => group === "loo";

/**
 * Writes quality.json into a run folder, or to another path, atomically. Leave-one-out of an
 * earlier file stays. Throws FileError.
 */
export function writeQuality(
  folder: string,
  quality: Quality,
  path = runPaths(folder).quality_json,
): void {
  const earlier = quality.rows.some(isLeftOut) ? null : qualityFile.safeParse(parsedOrNull(path));
  const rows = [...(earlier?.data?.rows.filter(isLeftOut) ?? []), ...quality.rows];
  writeJson(path, { ...quality, rows });
}

function parsedOrNull(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

/** Returns null if the run was never evaluated. Throws RunError for a damaged file. */
export function readQuality(folder: string): Quality | null {
  const { quality_json: path } = runPaths(folder);
  const cure = `evaluate again with npx dsbm evaluate ${shellWord(folder)}`;
  return existsSync(path) ? readAs(path, { schema: qualityFile, cure }) : null;
}

/** The mean; NaN of no values. */
export const average = (values: readonly number[]): number =>
  values.reduce((sum, x) => sum + x, 0) / values.length;

/** The standard deviation (n − 1); 0 for one value. */
export function deviation(values: readonly number[]): number {
  const mean = average(values);
  return Math.sqrt(
    values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, values.length - 1),
  );
}

// columns.json: the metrics of results.csv and their columns, for tables, figures and progress.

const logged = z.object({
  name: z.string(),
  title: z.string(),
  group: z.string(),
  meaning: z.string(),
  /** The columns of the value and of its references. */
  columns: z.object({
    value: z.string(),
    target: z.string().optional(),
    floor: z.string().optional(),
    ceiling: z.string().optional(),
  }),
  scale: z.enum(["log", "percent"]).optional(),
  isMain: z.boolean(),
});

/**
 * A metric in columns.json: `name`, `title`, `group` and `meaning` as in quality.json, the `scale` of
 * its axis, and whether tables show it (`isMain`).
 */
export type LoggedMetric = z.infer<typeof logged>;

/** The name of the file that explains the columns of results.csv. */
export const columnsFile = "columns.json";

/** The schema of columns.json. */
export const loggedMetrics = z.array(logged);

/** Columns of results.csv around the metrics: place and duration of an evaluation. */
export const placeColumns = {
  before: ["half_iteration", "direction", "step", "steps", "n", "nfe"],
  after: ["seconds_per_batch", "seconds"],
};

/** The metrics of columns.json; [] without a readable file. Throws RunError "corrupt". */
export const readLogged = (folder: string): LoggedMetric[] =>
  readIfAs(join(folder, columnsFile), loggedMetrics) ?? [];

type Bound = "target" | "floor" | "ceiling";

const bounds: readonly Bound[] = ["target", "floor", "ceiling"];

/** The reference of a metric in a figure. */
export function referenceOf({ columns }: LoggedMetric): { name: Bound; column: string } | null {
  const name = bounds.find((bound) => columns[bound] !== undefined);
  return name ? { name, column: columns[name]! } : null;
}

/** Evaluations as rows of a table: one for each main metric, with its references. */
export function metricTable(metrics: readonly LoggedMetric[], rows: readonly Row[]): Row[] {
  const main = metrics.filter(({ isMain }) => isMain);
  return rows.flatMap((row) =>
    main.flatMap(({ title, columns: { value, target = "", floor = "", ceiling = "" } }) => {
      if (typeof row[value] !== "number") return [];
      const { direction = null, half_iteration = null, steps = null } = row;
      const bounds = { target: row[target], floor: row[floor], ceiling: row[ceiling] };
      return [{ metric: title, direction, half_iteration, steps, value: row[value], ...bounds }];
    }),
  );
}

/** The newest evaluation of each direction and number of steps; `keys` tell further rows apart. */
export function newestRows(rows: readonly Row[], keys: readonly string[] = []): Row[] {
  const columns = [...keys, "direction", "steps"];
  const newest = new Map(rows.map((row) => [JSON.stringify(columns.map((c) => row[c])), row]));
  return [...newest.values()];
}

/**
 * A metric of an evaluation with its bounds: "sliced 2-Wasserstein 0.31 (floor 0.04, ceiling 1.2)";
 * null without a value.
 */
export function describeMetric(
  { title, columns, scale }: LoggedMetric,
  row: Readonly<Record<string, unknown>>,
): string | null {
  const text = (x: number) => (scale === "percent" ? `${(100 * x).toFixed(1)} %` : formatNumber(x));
  const value = row[columns.value];
  if (typeof value !== "number") return null;
  const others = bounds.flatMap((bound) => {
    const column = columns[bound];
    const other = column === undefined ? null : row[column];
    return typeof other === "number" ? [`${bound} ${text(other)}`] : [];
  });
  return `${title} ${text(value)}${others.length > 0 ? ` (${others.join(", ")})` : ""}`;
}

/** The main metrics of an evaluation as one line. */
export const describeResult = (metrics: readonly LoggedMetric[], row: Row): string =>
  metrics
    .filter(({ isMain }) => isMain)
    .flatMap((metric) => describeMetric(metric, row) ?? [])
    .join(", ");

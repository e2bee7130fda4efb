// columns.json: the metrics of results.csv and their columns, for tables, figures and progress.
import { join } from "node:path";
import { z } from "zod";
import { readIfAs } from "../files/json.js";
import { formatNumber, type Row } from "../files/table.js";

const loggedMetric = z.object({
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
  /** Whether lists of runs show it; missing for other metrics. */
  isHeadline: z.boolean().optional(),
});

/**
 * A metric in columns.json: `name`, `title`, `group` and `meaning` as in quality.json, the `scale` of
 * its axis, and whether tables show it (`isMain`).
 */
export type LoggedMetric = z.infer<typeof loggedMetric>;

/** The name of the file that explains the columns of results.csv. */
export const columnsFile = "columns.json";

/** The schema of columns.json. */
export const loggedMetrics = z.array(loggedMetric);

/** Columns of results.csv around the metrics: place and duration of an evaluation. */
export const placeColumns = {
  before: ["half_iteration", "direction", "step", "steps", "n", "nfe"],
  after: ["seconds_per_batch", "seconds"],
};

/**
 * The metrics of columns.json; [] without a readable file.
 * @throws {RunError} "corrupt".
 */
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

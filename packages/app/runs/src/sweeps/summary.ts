import type { Cell, CsvTable, Row } from "../files/table.js";
import { average, deviation } from "../statistics.js";

/** The results of one seed of a configuration. */
export interface SeedResults {
  /** The keys in which configurations differ. */
  configuration: Readonly<Record<string, Cell>>;
  /** Rows of results.csv. */
  rows: readonly Row[];
}

const evaluationColumns = ["half_iteration", "iteration", "direction", "step", "steps"];

/** The column of a metric's mean over seeds. */
export const meanOf = (metric: string): string => `${metric}_mean`;

/** The column of a metric's standard deviation over seeds. */
export const stdOf = (metric: string): string => `${metric}_std`;

/**
 * A row for each configuration and evaluation, in their order: the varying keys, the evaluation,
 * `seeds` (the number of runs), then mean and standard deviation (n − 1; null for one seed) of
 * every numeric column. Both ignore empty cells.
 */
export function summarise(results: readonly SeedResults[]): CsvTable {
  const keys = results.flatMap(({ configuration }) => Object.keys(configuration));
  const rows = results.flatMap(({ configuration, rows }) =>
    rows.map((row): Row => ({ ...configuration, ...row })),
  );
  const columns = new Set(rows.flatMap(Object.keys));
  const place = [...new Set([...keys, ...evaluationColumns])].filter((name) => columns.has(name));
  const metrics = [...columns].filter((name) => !place.includes(name));
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const id = JSON.stringify(place.map((name) => row[name] ?? null));
    groups.set(id, [...(groups.get(id) ?? []), row]);
  }
  return {
    columns: [...place, "seeds", ...metrics.flatMap((m) => [meanOf(m), stdOf(m)])],
    rows: [...groups.values()].map((some) => ({
      ...Object.fromEntries(place.map((name) => [name, some[0]?.[name] ?? null])),
      seeds: some.length,
      ...Object.fromEntries(metrics.flatMap((metric) => moments(metric, some))),
    })),
  };
}

function moments(metric: string, rows: readonly Row[]): [string, Cell][] {
  const values = rows.map((row) => row[metric]).filter((x) => typeof x === "number");
  return [
    [meanOf(metric), values.length === 0 ? null : average(values)],
    [stdOf(metric), values.length < 2 ? null : deviation(values)],
  ];
}

import type { Cell, Row, Table } from "../files/csv.js";

/** The results of one seed of a configuration. */
export interface SeedResults {
  /** The keys in which configurations differ. */
  configuration: Readonly<Record<string, Cell>>;
  /** The seed of the run. */
  seed: number;
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
export function summarise(results: readonly SeedResults[]): Table {
  const keys = [...new Set(results.flatMap(({ configuration }) => Object.keys(configuration)))];
  const columns = [...new Set(results.flatMap(({ rows }) => rows.flatMap(Object.keys)))];
  const place = evaluationColumns.filter((column) => columns.includes(column));
  const metrics = columns.filter((column) => !place.includes(column));
  const groups = new Map<string, { head: Row; rows: Row[] }>();
  for (const { configuration, rows } of results) {
    for (const row of rows) {
      const head: Row = Object.fromEntries([
        ...keys.map((key) => [key, configuration[key] ?? null]),
        ...place.map((column) => [column, row[column] ?? null]),
      ]);
      const id = JSON.stringify(Object.values(head));
      const group = groups.get(id) ?? { head, rows: [] };
      group.rows.push(row);
      groups.set(id, group);
    }
  }
  // Configurations keep their order even if seeds have different evaluations.
  const order = results.map(({ configuration }) => idOf(configuration, keys));
  const placeOf = (head: Row) => order.indexOf(idOf(head, keys));
  const sorted = [...groups.values()].sort((a, b) => placeOf(a.head) - placeOf(b.head));
  return {
    columns: [...keys, ...place, "seeds", ...metrics.flatMap((m) => [meanOf(m), stdOf(m)])],
    rows: sorted.map(({ head, rows }) => ({
      ...head,
      seeds: rows.length,
      ...Object.fromEntries(metrics.flatMap((metric) => moments(metric, rows))),
    })),
  };
}

const idOf = (row: Readonly<Row>, keys: readonly string[]): string =>
  JSON.stringify(keys.map((key) => row[key] ?? null));

function moments(metric: string, rows: readonly Row[]): [string, Cell][] {
  const values = rows.map((row) => row[metric]).filter((x) => typeof x === "number");
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return [
    [meanOf(metric), n === 0 ? null : mean],
    [stdOf(metric), n < 2 ? null : Math.sqrt(squares / (n - 1))],
  ];
}

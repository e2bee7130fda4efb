// The numbers of outcomes, unrounded, as CSV: a line for each.
import { type Cell, formatCsv, type Row } from "@dsbm/runs";
import type { Values } from "./benchmark.js";
import type { Outcome } from "./engine.js";

const columns = [
  ...["benchmark", "case", "row", "kind", "seed", "metric", "value"],
  ...["dsbm", "commit", "machine", "date"],
] as const;

/** The text of the file. */
export function resultsCsv(outcomes: readonly Outcome[]): string {
  const rows = outcomes.flatMap((outcome): Row[] => {
    const { benchmark, results, references } = outcome;
    const line = (own: Partial<Record<(typeof columns)[number], Cell>>): Row => ({
      ...Object.fromEntries(columns.map((column) => [column, null])),
      benchmark: benchmark.name,
      ...own,
    });
    const numbers = (values: Values, own: Parameters<typeof line>[0]) =>
      Object.entries(values).map(([metric, value]) => line({ ...own, metric, value }));
    return [
      ...results.flatMap(({ values, method, words: _, ...run }) =>
        numbers(values, { ...run, row: method, kind: "method" }),
      ),
      ...references.flatMap(({ values, label, case: name }) =>
        numbers(values, { case: name, row: label, kind: "reference" }),
      ),
      ...benchmark.published.flatMap(({ label, metric, values }) =>
        Object.entries(values).map(([name, value]) => {
          const times = benchmark.metrics.find((one) => one.name === metric)?.times ?? 1;
          return line({ case: name, row: label, kind: "published", metric, value: value / times });
        }),
      ),
    ];
  });
  return formatCsv({ columns: [...columns], rows });
}

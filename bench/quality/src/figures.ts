// Tables as figures: a panel a column, a row a method, with our and published numbers.

import type { Outcome } from "./engine.js";
import { type RowPoint, type RowsPanel, rowsFigure } from "./rows-figure.js";
import { type Line, type Table, tablesOf } from "./table.js";

/** Whether a table compares its rows. */
export const isComparison = ({ lines }: Table): boolean => lines.length > 1;

/** The name of a table's figure in the folder of figures; null for a single row, and without a number of ours. */
export const figureName = ({ benchmark }: Outcome, table: Table): string | null =>
  isComparison(table) && table.lines.some(({ kind }) => kind === "method")
    ? `${benchmark.name}-${table.metric.name.replaceAll("_", "-")}.svg`
    : null;

/** The figures of outcomes as SVG texts, by their names. */
export async function resultFigures(outcomes: readonly Outcome[]): Promise<Map<string, string>> {
  const drawn = new Map<string, string>();
  for (const outcome of outcomes)
    for (const table of tablesOf(outcome)) {
      const name = figureName(outcome, table);
      if (name) drawn.set(name, await figureOf(outcome, table));
    }
  return drawn;
}

function figureOf({ benchmark }: Outcome, { metric, columns, lines }: Table): Promise<string> {
  const labels = new Set(lines.map(({ label }) => label));
  // A published row stands on the row of our method of the same name.
  const rowOf = ({ label, kind }: Pick<Line, "label" | "kind">) => {
    if (kind !== "published") return label;
    const same = benchmark.published.find((r) => r.metric === metric.name && r.label === label);
    return same?.of !== undefined && labels.has(same.of) ? same.of : label;
  };
  const series = { method: "dsbm", published: "published", reference: "" };
  const panels = columns.map((title, i): RowsPanel => {
    const there = lines.flatMap(({ label, kind, entries }) => {
      const entry = entries[i];
      return entry ? [{ label, kind, ...entry }] : [];
    });
    return {
      title,
      points: there
        .filter(({ kind }) => kind !== "reference")
        .map(({ value, spread, ...line }): RowPoint => {
          return { row: rowOf(line), series: series[line.kind], value, spread };
        }),
      rules: there
        .filter(({ kind }) => kind === "reference")
        .map(({ label, value }) => ({ series: label, value })),
    };
  });
  const rows = lines.filter(({ kind }) => kind !== "reference").map(rowOf);
  return rowsFigure({
    title: `${benchmark.name}: ${metric.title}`,
    label: metric.title,
    rows: [...new Set(rows)],
    // Columns of references alone have no row.
    panels: panels.filter(({ points }) => points.length > 0),
  });
}

// The figure of the checks of methods: how far each law is off, next to its limits.
import { type RowPoint, type RowsPanel, rowsFigure } from "../rows-figure.js";
import { lawLimits } from "./check.js";
import { lawChecks } from "./laws.js";
import type { MeasuredChecks } from "./outcomes.js";

/** A panel for each check of the law, as SVG text. */
export function checksFigure({ outcomes }: Pick<MeasuredChecks, "outcomes">): Promise<string> {
  const rules = [
    { series: "limit of closed forms", value: lawLimits.samples },
    { series: "limit of networks", value: lawLimits.network },
  ];
  const panels = lawChecks.map((check): RowsPanel => {
    const points = outcomes.flatMap(({ check: { name }, method, value, holds }): RowPoint[] =>
      name === check.name && value !== null
        ? [{ row: method.name, series: holds ? "holds" : "fails", value }]
        : [],
    );
    return { title: check.name, points, rules };
  });
  return rowsFigure({
    title: "Checks of every method: the law",
    label: "difference from the law",
    rows: [...new Set(panels.flatMap(({ points }) => points.map(({ row }) => row)))],
    panels: panels.filter(({ points }) => points.length > 0),
  });
}

// The figure of the study of few steps: W2 by number of steps, next to the teacher and the floor.
import { type RowPoint, type RowsPanel, rowsFigure } from "../rows-figure.js";
import { rowIn, samplerName } from "./document.js";
import type { StudyResult } from "./study.js";

/** A panel for each case and direction, as SVG text. */
export function stepsFigure(results: readonly StudyResult[]): Promise<string> {
  const samplers = results[0]?.comparison.samplers ?? [];
  return rowsFigure({
    title: "Few steps: exact W2 to the target",
    label: "W2",
    rows: samplers.map((sampler) => samplerName(sampler)),
    panels: results.flatMap((result) => (["f", "b"] as const).map((side) => panelOf(result, side))),
  });
}

function panelOf({ study, comparison }: StudyResult, direction: "f" | "b"): RowsPanel {
  const { samplers } = comparison;
  const points = samplers.flatMap((sampler): RowPoint[] => {
    const row = rowIn(sampler, "w2", direction);
    if (!row) return [];
    const { value, interval } = row;
    const spread = interval && (interval[1] - interval[0]) / 2;
    const series = sampler.of === "teacher" ? "teacher" : "few steps";
    return [{ row: samplerName(sampler), series, value, spread }];
  });
  const floor = samplers[0] && rowIn(samplers[0], "w2", direction)?.floor;
  return {
    title: `${study.name}, ${direction === "f" ? "forward" : "backward"}`,
    points,
    rules: floor == null ? [] : [{ series: "floor", value: floor }],
  };
}

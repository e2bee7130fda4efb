// The figure of the study of few steps: W2 by number of steps, next to the teacher and the floor.
import { type RowPoint, type RowsPanel, rowsFigure } from "../rows-figure.js";
import { rowIn } from "./document.js";
import type { StudyResult, StudySampler } from "./study.js";

const labelOf = ({ of, steps }: StudySampler): string =>
  of === "teacher" ? `teacher, ${steps}` : String(steps);

/** A panel for each case and direction, as SVG text. */
export function stepsFigure(results: readonly StudyResult[]): Promise<string> {
  const samplers = results[0]?.samplers ?? [];
  return rowsFigure({
    title: "Few steps: exact W2 to the target",
    label: "W2",
    rows: samplers.map((sampler) => labelOf(sampler)),
    panels: results.flatMap((result) => (["f", "b"] as const).map((side) => panelOf(result, side))),
  });
}

function panelOf({ study, samplers }: StudyResult, direction: "f" | "b"): RowsPanel {
  const points = samplers.flatMap((sampler): RowPoint[] => {
    const row = rowIn(sampler, "w2", direction);
    if (!row) return [];
    const { value, interval } = row;
    const spread = interval && (interval[1] - interval[0]) / 2;
    return [{ row: labelOf(sampler), series: sampler.of, value, spread }];
  });
  const floor = samplers[0] && rowIn(samplers[0], "w2", direction)?.floor;
  return {
    title: `${study.name}, ${direction === "f" ? "forward" : "backward"}`,
    points,
    rules: floor == null ? [] : [{ series: "floor", value: floor }],
  };
}

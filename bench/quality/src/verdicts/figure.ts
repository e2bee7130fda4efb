// The figure of the study of verdicts: which samples are called good, by their number.
import { type RowPoint, type RowsPanel, rowsFigure } from "../rows-figure.js";
import { foldedGroups, type Group, ofGroup, onceGroups } from "./document.js";
import type { Judged } from "./judge.js";
import { allKinds } from "./problem.js";

/** A panel for verdicts of one evaluation and one of a cross-validation, as SVG text. */
export function verdictsFigure(
  judged: readonly Pick<Judged, "kind" | "n" | "grade" | "isFolded">[],
): Promise<string> {
  const panelOf = (title: string, isFolded: boolean, groups: readonly Group[]): RowsPanel => {
    const own = judged.filter((one) => (one.isFolded ?? false) === isFolded);
    const points = groups.flatMap((group, i) =>
      allKinds.flatMap((kind): RowPoint[] => {
        const cell = ofGroup(own, group).filter((one) => one.kind === kind);
        const good = cell.filter(({ grade }) => grade === "good").length;
        const series = sizeNames[i] as string;
        return cell.length === 0 ? [] : [{ row: kind, series, value: (100 * good) / cell.length }];
      }),
    );
    return { title, points, rules: [] };
  };
  return rowsFigure({
    title: "Verdicts “good”: only the first two kinds of samples may have them",
    label: "verdicts “good”, %",
    rows: allKinds,
    panels: [
      panelOf("judged once", false, onceGroups),
      panelOf("by cross-validation", true, foldedGroups),
    ],
  });
}

/** The groups of both panels, from few rows to many. */
const sizeNames = ["fewest rows", "few rows", "more rows", "most rows"];

// The figure of the study of emoji: the classifier and the partners of each fit, next to bounds without a bridge.
import { type RowPoint, type RowsPanel, rowsFigure } from "../rows-figure.js";
import type { EmojiRow } from "./document.js";
import type { EmojiResult } from "./study.js";

/** A panel for each score in per cent, as SVG text. */
export function emojiFigure(rows: readonly EmojiRow[]): Promise<string> {
  const all = rows.flatMap(({ results }) => results);
  const percent = (results: readonly EmojiResult[], of: (one: EmojiResult) => number) =>
    (100 * results.reduce((sum, one) => sum + of(one), 0)) / results.length;
  const panelOf = (
    title: string,
    of: (one: EmojiResult) => number,
    bounds: Readonly<Record<string, (one: EmojiResult) => number>>,
  ): RowsPanel => ({
    title,
    points: rows.flatMap(({ study, results }): RowPoint[] =>
      results.length === 0
        ? []
        : [{ row: study.about, series: "dsbm fit", value: percent(results, of) }],
    ),
    rules: Object.entries(bounds).map(([series, bound]) => ({
      series,
      value: percent(all, bound),
    })),
  });
  return rowsFigure({
    title: "Emoji from Google to Twitter",
    label: "%",
    rows: rows.map(({ study }) => study.about),
    panels: [
      panelOf("C2ST (50 % is best)", ({ c2st }) => c2st.value, {
        "other images of Twitter": ({ c2st }) => c2st.floor,
        "untouched images of Google": ({ c2st }) => c2st.ceiling,
      }),
      panelOf("partners found (100 % is best)", ({ partners }) => partners.generated, {
        "untouched images of Google": ({ partners }) => partners.untouched,
        "plan of transport in pixels": ({ partners }) => partners.planned,
      }),
    ],
  });
}

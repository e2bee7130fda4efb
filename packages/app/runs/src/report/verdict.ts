// The verdict of each direction with its evidence and the next step.
import { shellWord } from "@dsbm/files";
import type { MetricRow, Quality } from "../run/quality.js";
import { gradeText, type NextStep, type Verdict } from "../run/verdict.js";
import { labelledBar } from "./bar.js";
import { heldOutRows, heldOutSentences } from "./held-out.js";
import { distinctNames, type Names } from "./names.js";
import { type Html, html } from "./page/html.js";

/** Verdicts of earlier versions do not name their metric. */
const earlierMain = ["feature_distance", "sliced_w2"];

/** The metric that the verdict on a direction rests on; undefined without one. */
export function mainRow(
  { rows, verdicts }: Pick<Quality, "rows" | "verdicts">,
  direction: MetricRow["direction"],
): MetricRow | undefined {
  const main = verdicts.find((verdict) => verdict.direction === direction)?.main;
  const ends = rows.filter((row) => row.group === "endpoints" && row.direction === direction);
  const names = main === undefined ? earlierMain : [main];
  return names.flatMap((name) => ends.find((row) => row.name === name) ?? [])[0];
}

/** A run without evaluation, or of an earlier version, has no verdicts: it says how to get them. */
export function verdictParts(quality: Quality | null, names: Names, folder: string): Html[] {
  if (!quality || quality.verdicts.length === 0)
    return [
      html`<p class="verdict undecided"><b>Not judged yet.</b> To judge it: <code>npx dsbm evaluate ${shellWord(folder)}</code></p>`,
    ];
  const { rows } = quality;
  const parts = quality.verdicts.map((verdict) => {
    const { direction, grade, reason, next } = verdict;
    const directionRows = rows.filter((row) => row.direction === direction);
    const main = mainRow(quality, direction);
    const notes = heldOutSentences(directionRows);
    return html`<div class="verdict ${grade}"><p><b>${verdictTitle(verdict, names)}</b> ${reason}</p>
${main && labelledBar(main)}${next && nextStep(next)}
${notes.length > 0 && html`<p class="note">${notes}</p>`}
${heldOutRows(directionRows).map((row) => row.ceiling !== null && labelledBar(row))}</div>`;
  });
  return [
    ...parts,
    html`<p class="note">Each bar goes from real data (the floor) to no bridge (the ceiling). The dot is this bridge with its 95 % interval. The green band is where further real data may lie.</p>`,
  ];
}

const nextStep = ({ reason, command }: NextStep): Html =>
  html`<p>${command === null ? reason : html`${reason !== "" && `${reason}: `}<code>${command}</code>`}</p>`;

/** "Forward, from A to B: ✓ good." */
export function verdictTitle({ direction, grade }: Verdict, names: Names): string {
  const { source, target } = distinctNames(names);
  const way =
    direction === "f"
      ? `Forward, from ${source} to ${target}`
      : `Backward, from ${target} to ${source}`;
  return `${way}: ${gradeText(grade)}.`;
}

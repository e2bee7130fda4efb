// The verdict of each direction with its evidence and the next step.
import { shellWord } from "@dsbm/files";
import type { MetricRow, Quality } from "../run/quality.js";
import { type Grade, grades, gradeText, type NextStep, type Verdict } from "../run/verdict.js";
import { drawLabelledBar, type LabelledBar, labelledBar } from "./bar.js";
import { heldOutFindings, heldOutRows } from "./held-out.js";
import { distinctNames, type Names } from "./names.js";
import { type Html, html } from "./page/html.js";

/** Verdicts of earlier versions do not name their metric. */
const earlierMain = ["feature_distance", "sliced_w2"];

/** The distance of a direction; undefined without one. */
export function mainRow(
  { rows, verdicts }: Pick<Quality, "rows" | "verdicts">,
  direction: MetricRow["direction"],
): MetricRow | undefined {
  const main = verdicts.find((verdict) => verdict.direction === direction)?.main;
  const ends = rows.filter((row) => row.group === "endpoints" && row.direction === direction);
  const names = main === undefined ? earlierMain : [main];
  return names.flatMap((name) => ends.find((row) => row.name === name) ?? [])[0];
}

/** The metric that has the grade of a verdict, in its direction or between both; undefined without one. */
export function decidingRow(
  quality: Pick<Quality, "rows" | "verdicts">,
  { direction, decided_by: name }: Verdict,
): MetricRow | undefined {
  if (name === undefined) return mainRow(quality, direction);
  return quality.rows.find(
    (row) =>
      row.name === name &&
      (row.group === "middle" || (row.group === "endpoints" && row.direction === direction)),
  );
}

/**
 * The verdicts on held-out times and on each of the `directions`. A run without evaluation, or of an earlier version, has
 * none: it says how to get them.
 */
export function verdictParts(
  quality: Quality | null,
  names: Names,
  folder: string,
  directions: readonly Verdict["direction"][] = [],
): Html[] {
  const rows = quality?.rows ?? [];
  const command = html`<code>npx dsbm evaluate ${shellWord(folder)}</code>`;
  const heldOut = heldOutVerdicts(rows).map(verdictPart);
  if (!quality || (rows.length === 0 && quality.verdicts.length === 0))
    return [html`<p class="verdict undecided"><b>Not judged yet.</b> To judge it: ${command}</p>`];
  const parts = directionVerdicts(quality, names).map(verdictPart);
  const missing = directions.filter(
    (direction) => !quality.verdicts.some((verdict) => verdict.direction === direction),
  );
  if (parts.length > 0)
    for (const direction of missing)
      parts.push(
        html`<p class="verdict unmeasured"><b>${verdictTitle({ direction, grade: "unmeasured" }, names)}</b> This direction has too few rows for a verdict, or the evaluation left it out. To measure it: ${command}</p>`,
      );
  else
    parts.push(
      html`<p class="verdict undecided"><b>${heldOut.length > 0 ? "The endpoints have no verdict." : "Measured, without a verdict."}</b> The metrics below lack the distance or the classifier of a verdict. To measure them: ${command}</p>`,
    );
  return [
    ...heldOut,
    ...parts,
    html`<p class="note">Each bar goes from real data (the floor) to no bridge (the ceiling${heldOut.length > 0 && "; of a time that was not seen, to straight lines between its neighbours"}). The dot is this bridge with its 95 % interval. The green band is where further real data may lie.</p>`,
  ];
}

/** A verdict as pages show it. */
export interface TitledVerdict {
  /** "Without day 3: ✓ good." */
  title: string;
  /** The grade that the title names. */
  grade: Grade;
  /** The finding, in sentences. */
  reason: string;
  /** The metrics that it rests on. */
  bars: LabelledBar[];
  /** What improves it; null if nothing does. */
  next: NextStep | null;
}

/** The verdict on each direction. */
export const directionVerdicts = (quality: Quality, names: Names): TitledVerdict[] =>
  quality.verdicts.map((verdict) => {
    const { grade, reason, next } = verdict;
    const row = decidingRow(quality, verdict);
    const bar = row ? labelledBar(row) : null;
    return { title: verdictTitle(verdict, names), grade, reason, bars: bar ? [bar] : [], next };
  });

const heldOutEnds = { floor: "real data", ceiling: "straight lines" };

/** The verdict on each time that a bridge did not see: the worst grade of its distances, undecided without one. */
export function heldOutVerdicts(rows: readonly MetricRow[]): TitledVerdict[] {
  return heldOutFindings(rows).map(({ at, text }) => {
    const bridges = heldOutRows(rows).filter((row) => row.at === at && row.ceiling !== null);
    const grade = grades.findLast((one) => bridges.some((row) => row.grade === one));
    return {
      title: `Without ${at}${grade ? `: ${gradeText(grade)}` : ""}.`,
      grade: grade ?? "undecided",
      reason: `A bridge that did not see ${at}: ${text}`,
      bars: bridges.flatMap((row) => labelledBar(row, heldOutEnds) ?? []),
      next: null,
    };
  });
}

const verdictPart = ({ title, grade, reason, bars, next }: TitledVerdict): Html =>
  html`<div class="verdict ${grade}"><p><b>${title}</b> ${reason}</p>
${bars.map(drawLabelledBar)}${next && nextStep(next)}</div>`;

const nextStep = ({ reason, command }: NextStep): Html =>
  html`<p>${command === null ? reason : html`${reason !== "" && `${reason}: `}<code>${command}</code>`}</p>`;

/** "Forward, from A to B: ✓ good." */
export function verdictTitle(
  { direction, grade }: Pick<Verdict, "direction" | "grade">,
  names: Names,
): string {
  const { source, target } = distinctNames(names);
  const way =
    direction === "f"
      ? `Forward, from ${source} to ${target}`
      : `Backward, from ${target} to ${source}`;
  return `${way}: ${gradeText(grade)}.`;
}

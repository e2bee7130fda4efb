// The paragraph that a reader takes away, one for each direction: the verdict of quality.json with its evidence, which
// column is worst, the time that was held out, and what to do next.
import type { MetricRow, Quality } from "../run/quality.js";
import { judge, mainMetric } from "./judge.js";
import { digits } from "./page/digits.js";
import { type Html, html } from "./page/html.js";

/** The names of both data sets. */
export interface Names {
  source: string;
  target: string;
}

/** A paragraph for each verdict; files of earlier versions have none. */
export function verdictParts({ rows, verdicts }: Quality, names: Names): Html[] {
  if (verdicts.length === 0 && rows.length > 0)
    return [
      html`<p class="note">An earlier version measured this run, without verdicts: measure it again with dsbm evaluate.</p>`,
    ];
  return verdicts.map(({ direction, grade, reason, next }) => {
    const own = rows.filter((row) => row.direction === direction);
    const isForward = direction === "f";
    const title = isForward
      ? `Forward, from ${names.source} to ${names.target}: ${gradeWords[grade]}.`
      : `Backward, from ${names.target} to ${names.source}: ${gradeWords[grade]}.`;
    const main = mainMetric(rows, direction);
    const notes = [main && evidence(main), columns(own), heldOut(own)].filter(Boolean);
    return html`<div class="verdict ${grade}"><p><b>${title}</b> ${reason}</p>
<p>${next}</p>
${notes.length > 0 && html`<p class="note">${notes}</p>`}</div>`;
  });
}

/** Grades as a title has them. */
export const gradeWords = {
  good: "good",
  partial: "partly there",
  undecided: "cannot be judged",
  poor: "poor",
} as const;

function evidence({ title, value, interval, floor, floor_interval, ceiling }: MetricRow): string {
  const band = (name: string, range: readonly number[] | null | undefined) =>
    range ? ` (${name}${range.map((x) => digits(x)).join(" to ")})` : "";
  const texts = [
    `${title} ${digits(value)}${band("95 % interval ", interval)}`,
    floor !== null && `floor ${digits(floor)}${band("", floor_interval)}`,
    ceiling !== null && `ceiling ${digits(ceiling)}`,
  ];
  return `${texts.filter(Boolean).join(", ")}.`;
}

function columns(rows: readonly MetricRow[]): string {
  const judged = rows
    .filter(({ group }) => group === "columns")
    .map((row) => ({ row, ...judge(row) }))
    .sort((a, b) => (b.ratio ?? 0) - (a.ratio ?? 0));
  const [worst] = judged;
  if (!worst || judged.length < 2) return "";
  const good = judged.filter(({ grade }) => grade === "good").length;
  if (good === judged.length) return `All ${good} columns are good, each by itself.`;
  const { column, value } = worst.row;
  const count =
    good === 0
      ? `None of ${judged.length} columns is good`
      : `${good} of ${judged.length} columns are good`;
  return `${count}, each by itself; the worst is ${column} (1-Wasserstein ${digits(value)}, ${worst.words}).`;
}

function heldOut(rows: readonly MetricRow[]): string {
  const row = rows.find(({ group, floor }) => group === "holdout" && floor !== null);
  if (!row) return "";
  const ceiling = row.ceiling === null ? "" : `, ceiling ${digits(row.ceiling)}`;
  return `At the time that was held out: ${row.title} ${digits(row.value)} (floor ${digits(row.floor)}${ceiling}).`;
}

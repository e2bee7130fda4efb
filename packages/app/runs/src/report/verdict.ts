// The verdict of each direction with its evidence and the next steps.
import type { Quality, Verdict } from "../run/quality.js";
import { shellWord } from "../shell.js";
import { bar } from "./bar.js";
import { mainMetric } from "./judge.js";
import { leftOutRows, leftOutSentences } from "./left-out.js";
import { type Html, html } from "./page/html.js";

export interface Names {
  source: string;
  target: string;
}

/** Names that tell source and target apart. */
export const distinctNames = ({ source, target }: Names): Names =>
  source === target
    ? { source: `${source} (source)`, target: `${target} (target)` }
    : { source, target };

/** A run without evaluation, or of an earlier version, has no verdicts: it says how to get them. */
export function verdictParts(quality: Quality | null, names: Names, folder: string): Html[] {
  const { rows = [], verdicts = [] } = quality ?? {};
  if (verdicts.length === 0)
    return [
      html`<p class="verdict undecided"><b>Not judged yet.</b> To judge it: <code>npx dsbm evaluate ${shellWord(folder)}</code></p>`,
    ];
  return verdicts.map((verdict) => {
    const { direction, grade, reason, next } = verdict;
    const directionRows = rows.filter((row) => row.direction === direction);
    const main = mainMetric(rows, direction);
    const notes = leftOutSentences(directionRows);
    return html`<div class="verdict ${grade}"><p><b>${verdictTitle(verdict, names)}</b> ${reason}</p>
${main && bar(main, { width: 320 })}<p>${nextStep(next)}</p>
${notes.length > 0 && html`<p class="note">${notes}</p>`}
${leftOutRows(directionRows).map((row) => row.ceiling !== null && html`<p class="note">${row.title} ${bar(row, { width: 320 })}</p>`)}</div>`;
  });
}

function nextStep(next: string): Html {
  const [, words, command] = /^(.*?: )?(npx .*)$/.exec(next) ?? [];
  return command ? html`${words}<code>${command}</code>` : html`${next}`;
}

/** Grades as tables print them. */
export const gradeWords = {
  good: "good",
  partial: "most of the way",
  undecided: "cannot be judged",
  poor: "poor",
} as const;

/** "Forward, from A to B: good." */
export function verdictTitle({ direction, grade }: Verdict, names: Names): string {
  const { source, target } = distinctNames(names);
  const way =
    direction === "f"
      ? `Forward, from ${source} to ${target}`
      : `Backward, from ${target} to ${source}`;
  return `${way}: ${gradeWords[grade]}.`;
}

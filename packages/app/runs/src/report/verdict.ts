// The verdict of each direction with its evidence and the next steps.

import { shellWord } from "../process.js";
import type { MetricRow, Quality, Verdict } from "../run/quality.js";
import { judge, mainMetric } from "./judge.js";
import { digits, type Html, html } from "./page/html.js";

const margin = 12;
const height = 16;

/** Returns null for a metric without a floor or a ceiling. */
export function bar(row: MetricRow, { width = 130 }: { width?: number } = {}): Html | null {
  const { left } = judge(row);
  const { interval, floor, floor_interval, ceiling, better, excess } = row;
  if (left === null || !Number.isFinite(left) || better === "target") return null;
  const at = (share: number) =>
    (margin + Math.min(1.08, Math.max(-0.08, share)) * (width - 2 * margin)).toFixed(1);
  const shareOf = (x: number) => (x - Number(floor)) / (Number(ceiling) - Number(floor));
  const y = height / 2;
  const band = (kind: string, range: readonly number[] | null | undefined) =>
    range && html`<path class="${kind}" d="M${at(range[0] ?? 0)},${y}H${at(range[1] ?? 0)}"/>`;
  const ofValue = excess ? [excess.low, excess.high] : interval?.map(shareOf);
  const mark = (kind: string, share: number) =>
    html`<path class="${kind}" stroke-width="2" d="M${at(share)},2V14"/>`;
  return html`<svg class="bar" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${digits(100 * left, 2)} % from floor to ceiling">
<path class="line" stroke-width="2" d="M${at(0)},${y}H${at(1)}"/>${band("floor wide", floor_interval?.map(shareOf))}${mark("floor", 0)}${mark("ceiling", 1)}${band("value band", ofValue)}<circle class="value" cx="${at(excess?.value ?? left)}" cy="${y}" r="3.5"/></svg>`;
}

/** Exact distances to held-out times. */
const leftOutRows = (rows: readonly MetricRow[]): MetricRow[] =>
  rows.filter(({ name }) => /^(loo|holdout)_(a|b|nearest)_w1$/.test(name));

/** One for each held-out time, with the bridge's distance and the distances without a bridge. */
export function leftOutSentences(rows: readonly MetricRow[]): string[] {
  const distances = leftOutRows(rows);
  const times = [...new Set(distances.map(({ at }) => at))];
  return times.flatMap((at) => {
    const here = distances.filter((row) => row.at === at);
    const nearest = here.find(({ name }) => name.endsWith("_nearest_w1"));
    const bridges = here.filter((row) => row !== nearest && row.ceiling !== null);
    const [first] = bridges;
    if (!first || !nearest) return [];
    const values = bridges.map(({ value, interval }) => {
      const range = interval ? ` (${interval.map((x) => digits(x)).join(" to ")})` : "";
      return `${digits(value)}${range}`;
    });
    const high = Math.max(...bridges.map(({ interval, value }) => interval?.[1] ?? value));
    const others = [
      ["straight lines between its neighbours", first.ceiling!],
      ["the nearest time copied", nearest.value],
    ] as const;
    const missed = others.filter(([, value]) => high >= value).map(([words]) => words);
    const finding =
      missed.length === 0
        ? "The bridge is better than both."
        : `The bridge is no better than ${missed.join(" and ")}.`;
    const comparison = others.map(([words, value]) => `${words} ${digits(value)}`).join(", ");
    return [
      `Without ${at}: 1-Wasserstein ${values.join(" and ")}, floor ${digits(first.floor)}, ${comparison}. ${finding}`,
    ];
  });
}

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

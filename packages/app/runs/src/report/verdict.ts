// The paragraph that a reader takes away, one for each direction: how close the generated samples are to the data, which
// column is worst, and the time that was held out.
import type { MetricRow } from "../run/quality.js";
import { judge, mainMetric } from "./judge.js";
import { digits, percent } from "./page/digits.js";
import { type Html, html } from "./page/html.js";

/** The names of both data sets. */
export interface Names {
  source: string;
  target: string;
}

/** A paragraph for each direction that has a metric of its ends; `what` are rows or pictures. */
export function verdicts(rows: readonly MetricRow[], names: Names, what: string): Html[] {
  return (["f", "b"] as const).flatMap((direction) => {
    const main = mainMetric(rows, direction);
    if (!main) return [];
    const own = rows.filter((row) => row.direction === direction);
    const isForward = direction === "f";
    const start = isForward ? names.source : names.target;
    const end = isForward ? names.target : names.source;
    const title = `${isForward ? "Forward" : "Backward"}, from ${start} to ${end}.`;
    const { interval, floor, ceiling } = main;
    const evidence = [
      `${main.title} ${digits(main.value)}`,
      interval && `interval ${interval.map((x) => digits(x)).join(" to ")}`,
      floor !== null && `floor ${digits(floor)}`,
      ceiling !== null && `ceiling ${digits(ceiling)}`,
    ];
    const more = [others(own, main), columns(own), heldOut(own)].filter(Boolean);
    return [
      html`<div class="verdict ${judge(main).grade}"><p><b>${title}</b> The generated ${what} ${closeness(main, start, end)} (${evidence.filter(Boolean).join(", ")}).</p>
${more.length > 0 && html`<p class="note">${more}</p>`}</div>`,
    ];
  });
}

function closeness(row: MetricRow, start: string, end: string): string {
  const { grade, ratio, left } = judge(row);
  const halves = `two halves of ${end} are to each other`;
  if (!Number.isFinite(row.value))
    return "are not finite numbers: the bridge cannot be used in this direction";
  if (row.floor === null) return `were compared with ${end}`;
  if (grade === "none")
    return `cannot be judged: the interval reaches from what two halves of ${end} are apart to the distance of ${start}`;
  if (grade === "good") return `are as close to ${end} as ${halves}`;
  if (left !== null && left >= 0.95)
    return `are no closer to ${end} than ${start} is: the bridge has not worked in this direction`;
  const times = ratio && `${digits(ratio, 2)} times what two halves of ${end} are apart`;
  if (ratio !== null && ratio <= 2)
    return `are nearly as close to ${end} as ${halves}: their distance is ${times}`;
  if (left === null) return `can be told from ${end}${times && `: their distance is ${times}`}`;
  const gone = `${percent(1 - left)} of the distance from ${start} is gone${times && `, and what is left is ${times}`}`;
  if (grade === "fair") return `are close to ${end}, but can be told from it: ${gone}`;
  const far = left > 0.5 ? "are still far from" : "are only part of the way to";
  return `${far} ${end}: ${gone}`;
}

function others(rows: readonly MetricRow[], main: MetricRow): string {
  const order = ["none", "good", "fair", "poor"];
  const rank = (row: MetricRow) => order.indexOf(judge(row).grade);
  const worse = rows.filter((row) => row.group === "ends" && rank(row) > rank(main)).slice(0, 4);
  if (worse.length === 0 || rank(main) === 0) return "";
  const texts = worse.map((row) => `${row.title} ${digits(row.value)} (${judge(row).words})`);
  return `Less favourable: ${texts.join(", ")}.`;
}

function columns(rows: readonly MetricRow[]): string {
  const judged = rows
    .filter(({ group }) => group === "columns")
    .map((row) => ({ row, ...judge(row) }))
    .sort((a, b) => (b.ratio ?? 0) - (a.ratio ?? 0));
  const [worst] = judged;
  if (!worst || judged.length < 2) return "";
  const good = judged.filter(({ grade }) => grade === "good").length;
  const alone = "each by itself, as good as two halves of the data";
  if (good === judged.length) return `All ${good} columns are, ${alone}.`;
  const { column, value } = worst.row;
  const count =
    good === 0 ? `None of ${judged.length} columns is` : `${good} of ${judged.length} columns are`;
  return `${count}, ${alone}; the worst is ${column} (1-Wasserstein ${digits(value)}, ${worst.words}).`;
}

function heldOut(rows: readonly MetricRow[]): string {
  const row = rows.find(({ group, floor }) => group === "holdout" && floor !== null);
  if (!row) return "";
  const ceiling = row.ceiling === null ? "" : `, ceiling ${digits(row.ceiling)}`;
  return `At the time that was held out: ${row.title} ${digits(row.value)} (floor ${digits(row.floor)}${ceiling}).`;
}

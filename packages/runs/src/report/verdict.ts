// The paragraph that a reader takes away, one for each direction: how close the generated samples are to the data, which
// column is worst, and the time that was held out.
import { digits, percent } from "./digits.js";
import { type Html, html } from "./html.js";
import { judge, type QualityRow } from "./quality.js";

/** The names of the two ends. */
export interface Names {
  source: string;
  target: string;
}

const ways = {
  f: { title: "Forward", from: "source", to: "target" },
  b: { title: "Backward", from: "target", to: "source" },
} as const;

/** A paragraph for each direction that has a metric of its ends. */
export function verdicts(rows: readonly QualityRow[], names: Names, what: string): Html[] {
  return (["f", "b"] as const).flatMap((direction) => {
    const mine = rows.filter((row) => row.direction === direction);
    const ofEnds = mine.filter(({ group }) => group === "ends");
    const main = ofEnds.find(({ metric }) => metric === "sliced_w2") ?? ofEnds[0];
    if (!main) return [];
    const { title, from, to } = ways[direction];
    const [start, end] = [names[from], names[to]];
    const { grade } = judge(main);
    const more = [...others(ofEnds, main), ...columns(mine), ...heldOut(mine)];
    return [
      html`<div class="verdict ${grade}"><p><b>${title}, from ${start} to ${end}.</b> The generated ${what} ${closeness(main, start, end)} ${evidence(main)}.</p>
${more.length > 0 && html`<p class="note">${more}</p>`}</div>`,
    ];
  });
}

function closeness(row: QualityRow, start: string, end: string): string {
  const { grade, ratio } = judge(row);
  const { value, floor, ceiling } = row;
  const halves = `two halves of ${end} are to each other`;
  if (value === null || !Number.isFinite(value))
    return "are not finite numbers: the bridge cannot be used in this direction";
  if (floor === null || ratio === null) return `were compared with ${end}`;
  if (grade === "good") return `are as close to ${end} as ${halves}`;
  const times = `${digits(ratio, 2)} times what two halves of ${end} are apart`;
  if (ratio <= 2) return `are nearly as close to ${end} as ${halves}: their distance is ${times}`;
  if (ceiling === null || ceiling <= floor)
    return `can be told from ${end}: their distance is ${times}`;
  const left = (value - floor) / (ceiling - floor);
  if (left >= 0.95)
    return `are no closer to ${end} than ${start} is: the bridge has not worked in this direction`;
  const gone = percent(1 - left);
  if (grade === "fair")
    return `are much closer to ${end} than ${start} is (${gone} of the distance is gone), but can be told from it: what is left is ${times}`;
  const far = left > 0.5 ? "are still far from" : "are only part of the way to";
  return `${far} ${end}: ${gone} of the distance from ${start} is gone, and what is left is ${times}`;
}

function evidence({ title, value, low, high, floor, ceiling }: QualityRow): string {
  const facts = [
    `${title} ${digits(value)}`,
    ...(low !== null && high !== null ? [`interval ${digits(low)} to ${digits(high)}`] : []),
    ...(floor !== null ? [`floor ${digits(floor)}`] : []),
    ...(ceiling !== null ? [`ceiling ${digits(ceiling)}`] : []),
  ];
  return `(${facts.join(", ")})`;
}

/** Other metrics of the ends that say something worse. */
function others(rows: readonly QualityRow[], main: QualityRow): string[] {
  const order = ["good", "fair", "poor"];
  const mine = order.indexOf(judge(main).grade);
  const worse = rows.filter((row) => order.indexOf(judge(row).grade) > mine);
  if (mine < 0 || worse.length === 0) return [];
  const named = worse.slice(0, 4).map((row) => `${row.title} (${judge(row).words})`);
  return [`Less favourable: ${named.join(", ")}.`];
}

function columns(rows: readonly QualityRow[]): string[] {
  const judged = rows
    .filter(({ group, column }) => group === "columns" && column !== null)
    .map((row) => ({ row, ...judge(row) }));
  const [worst] = judged.toSorted((a, b) => (b.ratio ?? 0) - (a.ratio ?? 0));
  if (!worst || judged.length < 2) return [];
  const good = judged.filter(({ grade }) => grade === "good").length;
  const { row, words } = worst;
  const count =
    good === judged.length ? `All ${good} columns` : `${good} of ${judged.length} columns`;
  if (good === judged.length)
    return [`${count} are, each by itself, as good as two halves of the data.`];
  return [
    `${count} are, each by itself, as good as two halves of the data; the worst is ${row.column} (${row.title} ${digits(row.value)}, ${words}).`,
  ];
}

function heldOut(rows: readonly QualityRow[]): string[] {
  return rows
    .filter(({ group }) => group === "holdout")
    .map((row) => `At the time that was held out: ${row.title} ${digits(row.value)}${aside(row)}.`);
}

function aside({ floor, ceiling }: QualityRow): string {
  const parts = [
    ...(floor !== null ? [`floor ${digits(floor)}`] : []),
    ...(ceiling !== null ? [`ceiling ${digits(ceiling)}`] : []),
  ];
  return parts.length > 0 ? ` (${parts.join(", ")})` : "";
}

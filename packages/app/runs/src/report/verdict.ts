// The paragraph that a reader takes away, one for each direction: how close the generated samples are to the data, which
// column is worst, and the time that was held out.
import type { MetricRow } from "../run/quality.js";
import { digits, percent } from "./page/digits.js";
import { type Html, html } from "./page/html.js";
import { judge } from "./quality.js";

/** The names of the two ends. */
export interface Names {
  source: string;
  target: string;
}

const ways = {
  f: { title: "Forward", from: "source", to: "target" },
  b: { title: "Backward", from: "target", to: "source" },
} as const;

/** A paragraph for each direction that has a metric of its ends; `what` are rows or pictures. */
export function verdicts(rows: readonly MetricRow[], names: Names, what: string): Html[] {
  return (["f", "b"] as const).flatMap((direction) => {
    const mine = rows.filter((row) => row.direction === direction);
    const ofEnds = mine.filter(({ group }) => group === "ends");
    const main = ofEnds.find(({ name }) => name === "sliced_w2") ?? ofEnds[0];
    if (!main) return [];
    const { title, from, to } = ways[direction];
    const [start, end] = [names[from], names[to]];
    const more = [...others(ofEnds, main), ...columns(mine), ...heldOut(mine)];
    return [
      html`<div class="verdict ${judge(main).grade}"><p><b>${title}, from ${start} to ${end}.</b> The generated ${what} ${closeness(main, start, end)} ${evidence(main)}.</p>
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
  const what =
    ratio === null ? "" : `${digits(ratio, 2)} times what two halves of ${end} are apart`;
  if (left !== null && left >= 0.95)
    return `are no closer to ${end} than ${start} is: the bridge has not worked in this direction`;
  if (ratio !== null && ratio <= 2)
    return `are nearly as close to ${end} as ${halves}: their distance is ${what}`;
  if (left === null) return `can be told from ${end}${what && `: their distance is ${what}`}`;
  const gone = `${percent(1 - left)} of the distance from ${start} is gone${what && `, and what is left is ${what}`}`;
  if (grade === "fair") return `are close to ${end}, but can be told from it: ${gone}`;
  const far = left > 0.5 ? "are still far from" : "are only part of the way to";
  return `${far} ${end}: ${gone}`;
}

function evidence({ title, value, interval, floor, ceiling }: MetricRow): string {
  const facts = [
    `${title} ${digits(value)}`,
    ...(interval ? [`interval ${interval.map((x) => digits(x)).join(" to ")}`] : []),
    ...bounds({ floor, ceiling }),
  ];
  return `(${facts.join(", ")})`;
}

const bounds = ({ floor, ceiling }: Pick<MetricRow, "floor" | "ceiling">): string[] => [
  ...(floor === null ? [] : [`floor ${digits(floor)}`]),
  ...(ceiling === null ? [] : [`ceiling ${digits(ceiling)}`]),
];

/** Other metrics of the ends that say something worse. */
function others(rows: readonly MetricRow[], main: MetricRow): string[] {
  const order = ["good", "fair", "poor"];
  const mine = order.indexOf(judge(main).grade);
  const worse = rows.filter((row) => order.indexOf(judge(row).grade) > mine);
  if (mine < 0 || worse.length === 0) return [];
  const named = worse
    .slice(0, 4)
    .map((row) => `${row.title} ${digits(row.value)} (${judge(row).words})`);
  return [`Less favourable: ${named.join(", ")}.`];
}

function columns(rows: readonly MetricRow[]): string[] {
  const judged = rows
    .filter(({ group, column }) => group === "columns" && column !== undefined)
    .map((row) => ({ row, ...judge(row) }));
  const [worst] = judged.toSorted((a, b) => (b.ratio ?? 0) - (a.ratio ?? 0));
  if (!worst || judged.length < 2) return [];
  const good = judged.filter(({ grade }) => grade === "good").length;
  const alone = "each by itself, as good as two halves of the data";
  if (good === judged.length) return [`All ${good} columns are, ${alone}.`];
  const { column, value } = worst.row;
  const count =
    good === 0 ? `None of ${judged.length} columns is` : `${good} of ${judged.length} columns are`;
  return [
    `${count}, ${alone}; the worst is ${column} (1-Wasserstein ${digits(value)}, ${worst.words}).`,
  ];
}

/** The first metric at each time that was held out. */
function heldOut(rows: readonly MetricRow[]): string[] {
  const [row] = rows.filter(({ group, floor }) => group === "holdout" && floor !== null);
  if (!row) return [];
  const facts = bounds(row).join(", ");
  return [
    `At the time that was held out: ${row.title} ${digits(row.value)}${facts && ` (${facts})`}.`,
  ];
}

// The table of quality.json: each metric beside its floor and its ceiling, as numbers, as a bar and in words.
import { type MetricRow, metricGroups } from "../run/quality.js";
import { box, cell, folded, pairs } from "./page/blocks.js";
import { digits } from "./page/digits.js";
import { type Html, html, listed } from "./page/html.js";
import { judge } from "./quality.js";

const directions: Readonly<Record<string, string>> = { f: "forward", b: "backward" };
/** Columns that are shown of each direction. */
const mostColumns = 24;

/** What says nothing good of a bridge whose ends are not those of the target: one that moves nothing moves little. */
const ofMoves: readonly string[] = ["path", "plan"];

/** A direction whose ends are far from the target, by the first metric of its ends. */
function misses(rows: readonly MetricRow[], direction: MetricRow["direction"]): boolean {
  const ends = rows.filter((row) => row.group === "ends" && row.direction === direction);
  const main = ends.find(({ name }) => name === "sliced_w2") ?? ends[0];
  return main !== undefined && judge(main).grade === "poor";
}

/** The metrics by group. */
export function metricTables(rows: readonly MetricRow[]): Html[] {
  const titles: Readonly<Record<string, string>> = metricGroups;
  const groups = new Set([...Object.keys(titles), ...rows.map(({ group }) => group)]);
  return [...groups].flatMap((group) => {
    const title = titles[group] ?? group;
    const mine = rows.filter((row) => row.group === group);
    if (mine.length === 0) return [];
    const heading = html`<h3>${title}</h3>`;
    if (group === "columns") return [heading, ...columnTables(mine)];
    const byTitle = [...new Set(mine.map((row) => row.title))].map((one) =>
      mine.filter((row) => row.title === one),
    );
    const missed = ofMoves.includes(group)
      ? Object.keys(directions).filter((way) => misses(rows, way as "f" | "b"))
      : [];
    const body = byTitle.map((some) => metricRows(some, missed));
    const meanings = pairs(byTitle.map(([row]) => [row?.title, row?.meaning]));
    return [
      heading,
      box(title, html`<table class="cards">${head("Metric", true)}<tbody>${body}</tbody></table>`),
      folded("What these are", [meanings]),
    ];
  });
}

const head = (first: string, isDirected: boolean) => html`<thead><tr><th scope="col">${first}</th>
${isDirected && html`<th scope="col" class="text">Direction</th>`}
<th scope="col">Value</th><th scope="col" class="text">In words</th><th scope="col" class="text">Floor to ceiling</th><th scope="col">Floor</th><th scope="col">Ceiling</th><th scope="col">Interval</th></tr></thead>`;

/** A metric in each direction, with its name once; of directions that are `missed` nothing is called good. */
function metricRows(rows: readonly MetricRow[], missed: readonly string[]): Html[] {
  return rows.map((row, i) => {
    const { title, direction } = row;
    const name = html`<th scope="rowgroup" class="metric" rowspan="${rows.length}">${title}</th>`;
    return html`<tr>${i === 0 && name}${cell("Direction", directions[direction ?? ""] ?? "both", "text")}${numbers(row, missed.includes(direction ?? ""))}</tr>`;
  });
}

/** The worst columns of each direction, by value over floor. */
function columnTables(rows: readonly MetricRow[]): Html[] {
  const ways = [...new Set(rows.map(({ direction }) => direction))];
  const tables = ways.flatMap((way) => {
    const sorted = rows
      .filter(({ direction }) => direction === way)
      .map((row) => ({ row, ratio: judge(row).ratio ?? 0 }))
      .sort((a, b) => b.ratio - a.ratio);
    const name = directions[way ?? ""] ?? "both directions";
    const shown = sorted.slice(0, mostColumns);
    const body = shown.map(
      ({ row }) =>
        html`<tr><th scope="row" class="name" title="${row.column}">${row.column}</th>${numbers(row)}</tr>`,
    );
    const left = sorted.length - shown.length;
    const table = html`<table class="cards"><caption>${name}</caption>${head("Column", false)}<tbody>${body}</tbody></table>`;
    const note = html`<p class="note">The ${shown.length} worst of ${sorted.length} columns; ${left} are left out (quality.json has all).</p>`;
    return listed(box(`Columns, ${name}`, table), left > 0 && note);
  });
  const about = html`<p class="note">1-Wasserstein distance of each column by itself, in its own units.</p>`;
  return [about, ...tables];
}

/** The cells of a metric from its value to its words. */
function numbers(row: MetricRow, isMissed = false): Html {
  const own = judge(row);
  const { grade, words } =
    isMissed && own.grade === "good"
      ? { grade: "none", words: "of ends that miss the target" }
      : own;
  const { value, interval, floor, ceiling } = row;
  const range = interval === null ? "–" : interval.map((x) => digits(x)).join(" – ");
  return html`${cell("Value", digits(value))}${cell("In words", words, `text ${grade}`)}${cell("Floor to ceiling", bar(row), "text")}${cell("Floor", digits(floor))}${cell("Ceiling", digits(ceiling))}${cell("Interval", range)}`;
}

const size = { width: 130, height: 16 };

/** The value as a dot between its floor (left) and its ceiling (right), with its interval. */
function bar({ value, interval, floor, ceiling, better }: MetricRow): Html | null {
  if (better === "target") return null;
  if (floor === null || ceiling === null || floor === ceiling) return null;
  if (![value, floor, ceiling].every(Number.isFinite)) return null;
  const share = (x: number) => Math.min(1.08, Math.max(-0.08, (x - floor) / (ceiling - floor)));
  const at = (x: number) => (12 + share(x) * (size.width - 24)).toFixed(1);
  const y = size.height / 2;
  const range =
    interval !== null &&
    html`<path class="value" stroke-width="3" stroke-opacity=".5" d="M${at(interval[0])},${y}H${at(interval[1])}"/>`;
  return html`<svg class="bar" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${digits(100 * share(value), 2)} % from floor to ceiling">
<path class="line" stroke-width="2" d="M12,${y}H${size.width - 12}"/><path class="floor" stroke-width="2" d="M12,2V14"/><path class="ceiling" stroke-width="2" d="M${size.width - 12},2V14"/>${range}<circle class="value" cx="${at(value)}" cy="${y}" r="3.5"/></svg>`;
}

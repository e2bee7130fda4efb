import { digits } from "@dsbm/files";
import { directionNames, type MetricRow, metricGroups, type Quality } from "../run/quality.js";
import { type Grade, gradeText } from "../run/verdict.js";
import { barShape, drawBar } from "./bar.js";
import { worstFirst, worstShares } from "./order.js";
import { box, cell, detailsOf, type Html, html, pairs, piecesOf } from "./page/html.js";
import { mainRow } from "./verdict.js";
import { rowWords } from "./words.js";

const nameOf = ({ direction }: MetricRow) => (direction ? directionNames[direction] : "both");
const mostColumns = 24;

const ofMoves: readonly string[] = ["path", "plan"];

function inOrder(group: string, rows: readonly MetricRow[]): readonly MetricRow[] {
  if (group === "conditions") return worstShares(rows);
  if (group !== "endpoints") return rows;
  // Both directions of a metric stay together, in their order.
  const titles = groupRows(worstFirst(rows), (row) => row.title);
  return titles.flatMap(([title]) => rows.filter((row) => row.title === title));
}

/** A table for each group of metrics, under its title. */
export function metricTables(quality: Pick<Quality, "rows" | "verdicts">): Html[] {
  const { rows } = quality;
  const titles: Readonly<Record<string, string>> = metricGroups;
  const groups = new Set([...Object.keys(titles), ...rows.map(({ group }) => group)]);
  return [...groups].flatMap((group) => {
    const title = titles[group] ?? group;
    const ofGroup = rows.filter((row) => row.group === group);
    const members = inOrder(group, ofGroup);
    if (members.length === 0) return [];
    const heading = html`<h3>${title}</h3>`;
    if (group === "columns") return [heading, ...columnTables(members)];
    const missed = ({ direction }: MetricRow) =>
      ofMoves.includes(group) && mainRow(quality, direction)?.grade === "poor";
    const metrics = groupRows(members, (row) => row.title);
    const body = metrics.flatMap(([name, some]) =>
      some.map((row, i) => {
        const head = html`<th scope="rowgroup" class="metric" rowspan="${some.length}">${name}</th>`;
        return html`<tr>${i === 0 && head}${cell("Direction", nameOf(row), "text")}${numbers(row, missed(row))}</tr>`;
      }),
    );
    const table = html`<table class="cards">${head("Metric", "Direction")}<tbody>${body}</tbody></table>`;
    const meanings = pairs(metrics.map(([name, [row]]) => [name, row?.meaning]));
    return [heading, box(title, table), detailsOf("What the metrics mean", [meanings])];
  });
}

const head = (
  ...texts: string[]
) => html`<thead><tr>${texts.map((text, i) => html`<th scope="col"${i > 0 && html` class="text"`}>${text}</th>`)}
<th scope="col">Value</th><th scope="col" class="text">In words</th><th scope="col" class="text">Floor to ceiling</th><th scope="col">Floor</th><th scope="col">Ceiling</th><th scope="col">Interval</th></tr></thead>`;

function groupRows(rows: readonly MetricRow[], keyOf: (row: MetricRow) => string) {
  const keys = [...new Set(rows.map(keyOf))];
  return keys.map((key) => [key, rows.filter((row) => keyOf(row) === key)] as const);
}

function columnTables(rows: readonly MetricRow[]): Html[] {
  const tables = groupRows(rows, nameOf).flatMap(([name, group]) => {
    const worst = worstFirst(group).slice(0, mostColumns);
    const body = worst.map((row) => {
      const { column } = row;
      return html`<tr><th scope="row" class="name" title="${column}">${column}</th>${numbers(row)}</tr>`;
    });
    const rest = group.length - worst.length;
    const table = html`<table class="cards"><caption>${name}</caption>${head("Column")}<tbody>${body}</tbody></table>`;
    const note = html`<p class="note">The ${worst.length} worst of ${group.length} columns; ${rest} are not shown (quality.json has all).</p>`;
    return piecesOf(box(`Columns, ${name}`, table), rest > 0 && note);
  });
  return [html`<p class="note">${rows[0]?.meaning}</p>`, ...tables];
}

const gradeHtml = (grade: Grade, finding: string): Html =>
  html`<b>${gradeText(grade)}</b>${finding === "" ? "" : `: ${finding}`}`;

function numbers(row: MetricRow, isMissed = false): Html {
  const finding = isMissed ? "not judged: the generated samples miss the target" : rowWords(row);
  const grade = isMissed ? undefined : row.grade;
  const bar = barShape(row, { text: finding });
  const interval = row.interval?.map((x) => digits(x)).join(" to ") ?? "–";
  return html`${[
    cell("Value", digits(row.value)),
    cell("In words", grade ? gradeHtml(grade, finding) : finding, `text ${grade ?? ""}`.trim()),
    cell("Floor to ceiling", bar && drawBar(bar), "text"),
    cell("Floor", digits(row.floor)),
    cell("Ceiling", digits(row.ceiling)),
    cell("Interval", interval),
  ]}`;
}

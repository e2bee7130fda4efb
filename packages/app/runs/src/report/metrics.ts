import { basename } from "node:path";
import { directionNames, type MetricRow, metricGroups } from "../run/metrics.js";
import type { Choice, DataFile, EndpointData } from "../run/reader.js";
import { bar, judge, mainMetric, type Names } from "./judge.js";
import {
  box,
  cell,
  digits,
  folded,
  type Html,
  html,
  listed,
  type Part,
  pairs,
} from "./page/page.js";

const nameOf = ({ direction }: MetricRow) => (direction ? directionNames[direction] : "both");
const mostColumns = 24;

const ofMoves: readonly string[] = ["path", "plan"];

export function metricTables(rows: readonly MetricRow[]): Html[] {
  const titles: Readonly<Record<string, string>> = metricGroups;
  const groups = new Set([...Object.keys(titles), ...rows.map(({ group }) => group)]);
  return [...groups].flatMap((group) => {
    const title = titles[group] ?? group;
    const members = rows.filter((row) => row.group === group);
    if (members.length === 0) return [];
    const heading = html`<h3>${title}</h3>`;
    if (group === "columns") return [heading, ...columnTables(members)];
    const missed = (row: MetricRow) => {
      const main = mainMetric(rows, row.direction);
      return ofMoves.includes(group) && main !== undefined && judge(main).grade === "poor";
    };
    const metrics = grouped(members, (row) => row.title);
    const body = metrics.flatMap(([name, some]) =>
      some.map((row, i) => {
        const head = html`<th scope="rowgroup" class="metric" rowspan="${some.length}">${name}</th>`;
        return html`<tr>${i === 0 && head}${cell("Direction", nameOf(row), "text")}${numbers(row, missed(row))}</tr>`;
      }),
    );
    const table = html`<table class="cards">${head("Metric", "Direction")}<tbody>${body}</tbody></table>`;
    const meanings = pairs(metrics.map(([name, [row]]) => [name, row?.meaning]));
    return [heading, box(title, table), folded("What the metrics mean", [meanings])];
  });
}

const head = (
  ...texts: string[]
) => html`<thead><tr>${texts.map((text, i) => html`<th scope="col"${i > 0 && html` class="text"`}>${text}</th>`)}
<th scope="col">Value</th><th scope="col" class="text">In words</th><th scope="col" class="text">Floor to ceiling</th><th scope="col">Floor</th><th scope="col">Ceiling</th><th scope="col">Interval</th></tr></thead>`;

function grouped(rows: readonly MetricRow[], keyOf: (row: MetricRow) => string) {
  const keys = [...new Set(rows.map(keyOf))];
  return keys.map((key) => [key, rows.filter((row) => keyOf(row) === key)] as const);
}

function columnTables(rows: readonly MetricRow[]): Html[] {
  const tables = grouped(rows, nameOf).flatMap(([name, group]) => {
    const worst = group.slice(0, mostColumns);
    const body = worst.map((row) => {
      const { column } = row;
      return html`<tr><th scope="row" class="name" title="${column}">${column}</th>${numbers(row)}</tr>`;
    });
    const rest = group.length - worst.length;
    const table = html`<table class="cards"><caption>${name}</caption>${head("Column")}<tbody>${body}</tbody></table>`;
    const note = html`<p class="note">The ${worst.length} worst of ${group.length} columns; ${rest} are not shown (quality.json has all).</p>`;
    return listed(box(`Columns, ${name}`, table), rest > 0 && note);
  });
  return [html`<p class="note">${rows[0]?.meaning}</p>`, ...tables];
}

function numbers(row: MetricRow, isMissed = false): Html {
  const verdict = judge(row);
  const words = isMissed ? "of generated samples that miss the target" : verdict.words;
  const grade = isMissed || !verdict.grade ? "" : ` ${verdict.grade}`;
  const interval = row.interval?.map((x) => digits(x)).join(" – ") ?? "–";
  return html`${[
    cell("Value", digits(row.value)),
    cell("In words", words, `text${grade}`),
    cell("Floor to ceiling", bar(row), "text"),
    cell("Floor", digits(row.floor)),
    cell("Ceiling", digits(row.ceiling)),
    cell("Interval", interval),
  ]}`;
}

/**
 * Short names of source and target: files, or groups of one file. Returns null without a target.
 */
export function endNames({ source, target }: DataFile): Names | null {
  const name = ({ path, group }: EndpointData) => group ?? basename(path);
  return target ? { source: name(source), target: name(target) } : null;
}

export const dataSection = (data: DataFile): Html[] =>
  listed(box("Data", endsTable(data)), treatment(data));

function endsTable({ source, target, columns }: DataFile): Html {
  const line = (name: string, cell: (end: EndpointData) => Part) => {
    const cells = [cell(source), target && cell(target)];
    if (cells.every((part) => !part)) return null;
    return html`<tr><th scope="row">${name}</th>${cells.map((part) => html`<td class="text">${part || "–"}</td>`)}</tr>`;
  };
  const count = (value: number | null) => value && digits(value);
  const lines = [
    line("File", ({ path }) => path),
    line("Group", ({ group }) => group),
    line("Rows", ({ rows }) => count(rows)),
    line("Trained on", ({ train }) => count(train)),
    line("Held out for evaluation", ({ test }) => count(test)),
    line("Dropped (missing values)", ({ dropped }) => count(dropped)),
    line("Columns", () => columns.length),
  ];
  return html`<table><thead><tr><td></td><th scope="col" class="text">Source</th><th scope="col" class="text">Target</th></tr></thead>
<tbody>${lines}</tbody></table>`;
}

const scalings: Readonly<Record<string, string>> = {
  columns:
    "each column was shifted and scaled by its mean and standard deviation over both files together",
  global: "all columns were shifted and scaled by one mean and one standard deviation",
};

function treatment({ transform, conditioning }: DataFile): Html[] {
  const steps = [
    transform.log1p && "every value was replaced by log(1 + x)",
    scalings[transform.standardise],
  ].filter(Boolean);
  return listed(
    steps.length > 0 &&
      html`<p>Before training: ${steps.join("; ")}. Output is in the units of the data.</p>`,
    conditioning !== null &&
      html`<p>The bridge has a condition: the column ${conditioning.name} of each row.</p>`,
  );
}

export function choicesList(choices: readonly Choice[]): Html {
  const lines = choices
    .filter(({ organising }) => !organising)
    .map(({ key, value, reason, given }) => {
      const isTyped = given && /^(it was given)?$/.test(reason);
      return [
        html`<code>${key}=${typeof value === "string" ? value : JSON.stringify(value)}</code>`,
        isTyped ? "given on the command line" : reason,
      ] as const;
    });
  return pairs(lines);
}

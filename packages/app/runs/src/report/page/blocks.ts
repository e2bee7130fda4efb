// The parts that reports are made of: tables, pictures, charts, legends and commands.
import { readFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import type { LegendEntry, Panel } from "../../figure/panel.js";
import { escapeXml } from "../../figure/svg.js";
import type { Row } from "../../files/csv.js";
import { columnsOf } from "../../table.js";
import { digits } from "./digits.js";
import { Html, html, listed, type Part } from "./html.js";

/** A table in a box that scrolls by itself where the page is narrow. */
export function box(name: string, table: Html): Html {
  return html`<div class="box" role="region" aria-label="${name}" tabindex="0">${table}</div>`;
}

/** A cell of a table that becomes cards where the page is narrow: it has the name of its column with it. */
export const cell = (name: string, value: Part, kind = ""): Html =>
  html`<td data-name="${name}"${kind !== "" && html` class="${kind}"`}>${value}</td>`;

/** Columns that say what a row is, and begin each of several tables. */
const leading: readonly string[] = [
  "half_iteration",
  "direction",
  "step",
  "steps",
  "split",
  "sampler",
];
/** Pixels of a page, of a character and beside a column. */
const [most, ofCharacter, beside] = [1150, 8.6, 13];

const textOf = (value: Row[string] | undefined): string =>
  typeof value === "string" ? value : digits(value, 4);

/** Columns in groups that fit on the page side by side. */
function fitting(columns: readonly string[], rows: readonly Row[]): string[][] {
  const widthOf = (column: string) => {
    const texts = [column, ...rows.map((row) => textOf(row[column]))];
    return ofCharacter * Math.max(...texts.map(({ length }) => length)) + beside;
  };
  const lead = columns.filter((column) => leading.includes(column));
  const whole = (group: readonly string[]) => group.reduce((sum, one) => sum + widthOf(one), 0);
  const groups: string[][] = [[...lead]];
  for (const column of columns.filter((one) => !lead.includes(one))) {
    const last = groups.at(-1) as string[];
    if (last.length > lead.length && whole(last) + widthOf(column) > most)
      groups.push([...lead, column]);
    else last.push(column);
  }
  return groups;
}

/** Rows as tables of the columns that have a value, one below the other where one is too wide, and what these mean. */
export function rowsTables(
  name: string,
  rows: readonly Row[],
  meanings: Readonly<Record<string, string>> = {},
): { tables: Html[]; terms: Html | null } {
  const columns = columnsOf(rows);
  const known = columns.filter((column) => Object.hasOwn(meanings, column));
  const isText = (column: string) => rows.some((row) => typeof row[column] === "string");
  const cellOf = (column: string, value: Row[string] | undefined) =>
    cell(column, textOf(value), typeof value === "string" ? "text" : "");
  const tables = fitting(columns, rows).map((group, i) => {
    const table = html`<table class="cards">
<thead><tr>${group.map((column) => html`<th scope="col"${isText(column) && html` class="text"`}>${column}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${group.map((column) => cellOf(column, row[column]))}</tr>`)}</tbody>
</table>`;
    return box(i === 0 ? name : `${name}, further columns`, table);
  });
  const terms = pairs(known.map((column) => [column, meanings[column] as string]));
  return { tables, terms: known.length > 0 ? terms : null };
}

/** Names with what belongs to each, one below the other. */
export function pairs(entries: readonly (readonly [name: Part, value: Part])[]): Html {
  return html`<dl class="pairs">${entries.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

/** What few readers need, behind its name. */
export const folded = (name: string, body: readonly Html[], isOpen = false): Html =>
  html`<details${isOpen && new Html(" open")}><summary>${name}</summary>${body}</details>`;

/** A command to be copied. */
export const command = (text: string): Html => html`<pre tabindex="0"><code>${text}</code></pre>`;

/** Charts side by side, as wide as their kind needs. */
export function charts(
  size: "small" | "medium" | "large",
  panels: readonly Panel[],
  legend: readonly LegendEntry[] = [],
): Html[] {
  const key = legend.map(({ label, color, symbol = "line" }) => {
    const paint = symbol === "dot" ? "background" : "border-color";
    return html`<span><i class="${symbol}" style="${paint}:${color}"></i>${label}</span>`;
  });
  const drawn = panels.map(({ svg, title, width }) => {
    const named = svg.replace(
      "<svg",
      () =>
        `<svg style="max-width:${Math.round(1.35 * width)}px" role="img" aria-label="${escapeXml(title ?? "chart")}"`,
    );
    return html`<figure class="chart">${title !== undefined && html`<b title="${title}">${title}</b>`}${new Html(named)}</figure>`;
  });
  return listed(
    key.length > 0 && html`<div class="legend">${key}</div>`,
    html`<div class="grid ${size}">${drawn}</div>`,
  );
}

export interface Picture {
  /** The file: .png, .gif or .svg. */
  path: string;
  caption: string;
}

const types: Readonly<Record<string, string>> = {
  ".png": "image/png",
  ".gif": "image/gif",
  ".svg": "image/svg+xml",
};
/** The largest file that is put into a page; animations of large pictures are larger. */
const mostBytes = 4 * 2 ** 20;

/** Pictures side by side, inside the page; one that is too large is named instead. Throws as reading does. */
export function pictures(files: readonly Picture[]): Html {
  const drawn = files.map(({ path, caption }) => {
    if (statSync(path).size > mostBytes)
      return html`<p class="note">${caption}: ${path} is too large for this page.</p>`;
    const data = `data:${types[extname(path)] ?? "image/png"};base64,${readFileSync(path).toString("base64")}`;
    return html`<figure><img src="${new Html(data)}" alt="${caption}"><figcaption>${caption}</figcaption></figure>`;
  });
  return html`<div class="row">${drawn}</div>`;
}

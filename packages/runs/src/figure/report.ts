// A run at a glance in any browser: one HTML file without scripts, tables inside, pictures by
// relative path, so the run folder can be moved or sent as it is.

import { RunError } from "../errors.js";
import type { Cell, Row } from "../files/csv.js";
import { formatNumber } from "../table.js";
import { escapeXml } from "./svg.js";

export interface ReportOptions {
  title: string;
  /** A line or two under the title. */
  summary?: string;
  /** Facts as name and value: configuration, environment, state. */
  facts?: Readonly<Record<string, unknown>>;
  tables?: readonly { caption: string; columns?: readonly string[]; rows: readonly Row[] }[];
  /** Pictures by path relative to the report, e.g. "figures/convergence.svg". */
  pictures?: readonly { path: string; caption: string }[];
  /** Digits of numbers in tables (default 4). */
  digits?: number;
}

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0 2rem; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { padding: .2rem .8rem; border-bottom: 1px solid #8884; text-align: right; white-space: nowrap; }
th:first-child, td.text { text-align: left; }
td.text { white-space: normal; overflow-wrap: anywhere; }
figure { margin: 1rem 0 2rem; }
img { max-width: 100%; height: auto; background: white; }
figcaption { color: #888; }
`;

/**
 * The report as HTML text, to be written into the run folder as index.html.
 * Throws RunError "bad_argument" for a picture whose path is not relative.
 */
export function renderReport(options: ReportOptions): string {
  const { title, summary, facts = {}, tables = [], pictures = [], digits = 4 } = options;
  const factRows = Object.entries(facts).map(
    ([name, value]) =>
      `<tr><th scope="row">${escapeXml(name)}</th><td class="text">${escapeXml(factText(value))}</td></tr>`,
  );
  const factTable = factRows.length > 0 ? `<table>\n${factRows.join("\n")}\n</table>` : "";
  return [
    "<!doctype html>",
    '<html lang="en">',
    '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>${escapeXml(title)}</title><style>${style}</style></head>`,
    `<body>\n<h1>${escapeXml(title)}</h1>`,
    summary === undefined ? "" : `<p>${escapeXml(summary)}</p>`,
    ...tables.map((table) => renderTable(table, digits)),
    ...pictures.map(renderPicture),
    factTable,
    "</body></html>\n",
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function renderTable(
  {
    caption,
    rows,
    columns = Object.keys(rows[0] ?? {}),
  }: NonNullable<ReportOptions["tables"]>[number],
  digits: number,
): string {
  const head = columns.map((column) => `<th scope="col">${escapeXml(column)}</th>`).join("");
  const body = rows.map(
    (row) => `<tr>${columns.map((c) => renderCell(row[c] ?? null, digits)).join("")}</tr>`,
  );
  return `<table>\n<caption>${escapeXml(caption)}</caption>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body.join("\n")}\n</tbody></table>`;
}

function renderCell(cell: Cell, digits: number): string {
  if (cell === null) return "<td>–</td>";
  if (typeof cell === "string") return `<td class="text">${escapeXml(cell)}</td>`;
  return `<td>${Number.isSafeInteger(cell) ? cell : formatNumber(cell, digits)}</td>`;
}

function renderPicture({ path, caption }: { path: string; caption: string }): string {
  if (/^[/\\]|^[a-z][a-z0-9+.-]*:/i.test(path) || path.split(/[/\\]/).includes("..")) {
    throw new RunError(
      "bad_argument",
      `picture ${path} is not a path relative to the report: give one such as figures/name.svg`,
    );
  }
  const source = path.split("/").map(encodeURIComponent).join("/");
  return `<figure><img src="${source}" alt="${escapeXml(caption)}"><figcaption>${escapeXml(caption)}</figcaption></figure>`;
}

function factText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
}

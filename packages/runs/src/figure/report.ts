// A run at a glance in any browser: one HTML file without scripts. Pictures are linked by relative
// paths, so the run folder can be moved or sent as it is.
import { RunError } from "../errors.js";
import type { Row } from "../files/csv.js";
import { columnsOf, formatCells } from "../table.js";
import { escapeXml } from "./svg.js";

export interface ReportTable {
  caption: string;
  /** Columns that have a value in some row are shown. */
  rows: readonly Row[];
  /** What columns mean; those that are shown are explained below the table. */
  meanings?: Readonly<Record<string, string>>;
}

export interface ReportOptions {
  title: string;
  /** A line or two under the title. */
  summary?: string;
  /** Facts as name and value: configuration, environment, state. */
  facts?: Readonly<Record<string, unknown>>;
  tables?: readonly ReportTable[];
  /** Pictures by path relative to the report, e.g. "figures/convergence.svg". */
  pictures?: readonly { path: string; caption: string }[];
}

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { padding: .2rem .8rem; border-bottom: 1px solid #8884; text-align: right; white-space: nowrap; }
th:first-child, td.text { text-align: left; }
td.text { white-space: normal; overflow-wrap: break-word; }
dl { color: #888; } dt { font-weight: 600; } dd { margin: 0 0 .3rem 1rem; }
figure { margin: 1rem 0 2rem; }
img { max-width: 100%; height: auto; background: white; }
figcaption { color: #888; }
`;

/**
 * The report as HTML text, to be written into the run folder as index.html.
 * Throws RunError "bad_argument" for a picture whose path is not relative.
 */
export function renderReport(options: ReportOptions): string {
  const { title, summary, facts = {}, tables = [], pictures = [] } = options;
  const factRows = Object.entries(facts).map(
    ([name, value]) =>
      `<tr><th scope="row">${escapeXml(name)}</th><td class="text">${escapeXml(factText(value))}</td></tr>`,
  );
  const sections = [
    ...tables.map((table) => ({ name: table.caption, html: renderTable(table) })),
    ...pictures.map((picture) => ({ name: picture.caption, html: renderPicture(picture) })),
    ...(factRows.length > 0
      ? [{ name: "Configuration", html: `<table>\n${factRows.join("\n")}\n</table>` }]
      : []),
  ];
  const links = sections.map(({ name }, i) => `<a href="#part-${i + 1}">${escapeXml(name)}</a>`);
  return [
    "<!doctype html>",
    '<html lang="en">',
    '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>${escapeXml(title)}</title><style>${style}</style></head>`,
    `<body>\n<h1>${escapeXml(title)}</h1>`,
    summary === undefined ? "" : `<p>${escapeXml(summary)}</p>`,
    links.length > 2 ? `<nav>${links.join(" · ")}</nav>` : "",
    ...sections.map(({ html }, i) => `<section id="part-${i + 1}">\n${html}\n</section>`),
    "</body></html>\n",
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function renderTable(table: ReportTable): string {
  const { caption, rows, meanings = {} } = table;
  const columns = columnsOf(rows);
  const head = columns.map((column) => `<th scope="col">${escapeXml(column)}</th>`).join("");
  const cells = columns.map((column) => {
    const values = rows.map((row) => row[column] ?? null);
    return formatCells(values).map((text, i) => {
      const kind = typeof values[i] === "string" ? ' class="text"' : "";
      return `<td${kind}>${escapeXml(text)}</td>`;
    });
  });
  const body = rows.map((_, i) => `<tr>${cells.map((column) => column[i]).join("")}</tr>`);
  const known = columns.filter((column) => Object.hasOwn(meanings, column));
  const terms = known.map(
    (c) => `<dt>${escapeXml(c)}</dt><dd>${escapeXml(meanings[c] as string)}</dd>`,
  );
  return [
    `<table>\n<caption>${escapeXml(caption)}</caption>\n<thead><tr>${head}</tr></thead>`,
    `<tbody>\n${body.join("\n")}\n</tbody></table>`,
    ...(terms.length > 0 ? [`<dl>\n${terms.join("\n")}\n</dl>`] : []),
  ].join("\n");
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

// Pieces of a page. Texts are escaped: names of columns and files come from outside.

import { readFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import { type ColorScale, escapeXml, type LegendEntry, type Panel } from "../../figure/svg.js";

/** A piece of HTML, made by `html` or from safe markup. */
export class Html {
  constructor(readonly text: string) {}
}

/** What a template takes: markup, texts, numbers and lists; null and false are dropped. */
export type Part = Html | string | number | null | undefined | false | readonly Part[];

type Piece = Html | null | false | readonly Piece[];

/** The pieces of a page without null and false. */
export const piecesOf = (...pieces: Piece[]): Html[] =>
  pieces.flatMap((piece) =>
    piece instanceof Html ? [piece] : Array.isArray(piece) ? piecesOf(...piece) : [],
  );

/**
 * A template: escapes texts and numbers, keeps HTML and lists of it, drops null and false. Long
 * names and paths may break after their signs.
 */
export function html(words: TemplateStringsArray, ...parts: Part[]): Html {
  let made = words[0];
  for (const [i, part] of parts.entries()) {
    const isInTag = made.lastIndexOf("<") > made.lastIndexOf(">");
    made += textOf(part, isInTag ? escapeXml : breakable) + words[i + 1];
  }
  return new Html(made);
}

function textOf(part: Part, escaped: (text: string) => string): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map((one) => textOf(one, escaped)).join("\n");
  return escaped(String(part));
}

/** Texts without a space may break from this length on. */
const breakableLength = 16;

const breakable = (text: string): string =>
  text
    // A number and its percent sign stay on one line.
    .replaceAll(/(\d) %/g, "$1\u00a0%")
    .split(/(\s+)/)
    .map((token) =>
      token.length < breakableLength
        ? escapeXml(token)
        : token
            .split(/(?<=[_./,=:;&?\\-])(?=[\p{L}\p{N}"'{[])/u)
            .map(escapeXml)
            .join("<wbr>"),
    )
    .join("");

/** A table in a box that scrolls by itself on a narrow page. */
export function box(name: string, table: Html): Html {
  return html`<div class="box" role="group" aria-label="${name}" tabindex="0">${table}</div>`;
}

/** On a narrow page tables become cards: each cell has its column's name. */
export const cell = (name: string, value: Part, kind = ""): Html =>
  html`<td data-name="${name}"${kind !== "" && html` class="${kind}"`}>${value}</td>`;

/** A list of names with their values. */
export function pairs(entries: readonly (readonly [name: Part, value: Part])[]): Html {
  return html`<dl class="pairs">${entries.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

/** Folded details for few readers. */
export const detailsOf = (name: string, body: readonly Html[], isOpen = false): Html =>
  html`<details${isOpen && new Html(" open")}><summary>${name}</summary>${body}</details>`;

/** A command to copy. */
export const command = (text: string): Html => html`<pre tabindex="0"><code>${text}</code></pre>`;

/** Charts in a grid, with one legend; a panel may have its own. */
export function charts(
  size: "small" | "medium" | "large",
  panels: readonly Panel[],
  legend: readonly LegendEntry[] = [],
): Html[] {
  return piecesOf(legendOf(legend), html`<div class="grid ${size}">${panels.map(chart)}</div>`);
}

function legendOf(entries: readonly LegendEntry[]): Html | null {
  if (entries.length === 0) return null;
  const key = entries.map(({ label, color, symbol = "line" }) => {
    const paint = symbol === "dot" ? "background" : "border-color";
    return html`<span><i class="${symbol}" style="${paint}:${color}"></i>${label}</span>`;
  });
  return html`<div class="legend">${key}</div>`;
}

/** A panel with its title, its legend, the scale of its colours and what to see. */
function chart({ svg, title, width, legend = [], scale, caption }: Panel): Html {
  const style = `max-width:${Math.round(1.35 * width)}px`;
  const tag = `<svg style="${style}" role="img" aria-label="${escapeXml([title ?? "chart", caption ?? ""].filter(Boolean).join(": "))}"`;
  // Nobody reads a label inside an image, and without a role it is forbidden.
  const named = new Html(svg.replaceAll(" aria-label=", " data-mark=").replace("<svg", () => tag));
  return html`<figure class="chart">${title !== undefined && html`<b title="${title}">${title}</b>`}${legendOf(legend)}${named}${scale && colorScale(scale)}${caption && html`<figcaption>${caption}</figcaption>`}</figure>`;
}

const colorScale = ({ colors, ticks, label }: ColorScale): Html =>
  html`<div class="ramp"><i style="background:linear-gradient(to right,${colors.join(",")})"></i><div>${ticks.map((tick) => html`<span>${tick}</span>`)}</div><small>${label}</small></div>`;

/** An image of a report with its caption. */
export interface Picture {
  /** The file: .png, .gif or .svg. */
  path: string;
  caption: string;
  /** Whether it shows curves on white, which a dark page turns into curves on black. */
  hasCurves?: boolean;
}

const mostBytes = 4 * 2 ** 20;

/**
 * Images in a row, or in a grid with their captions below. An image that is too large is named instead.
 * @throws as reading does.
 */
export function pictures(files: readonly Picture[], layout: "row" | "grid small" = "row"): Html {
  const drawn = files.map(({ path, caption, hasCurves = false }) => {
    if (statSync(path).size > mostBytes)
      return html`<p class="note">${caption}: ${path} is too large for this page.</p>`;
    const type = extname(path) === ".svg" ? "svg+xml" : extname(path).slice(1);
    const data = `data:image/${type};base64,${readFileSync(path).toString("base64")}`;
    return html`<figure${hasCurves && html` class="curves"`}><img src="${new Html(data)}" alt="${caption}"><figcaption>${caption}</figcaption></figure>`;
  });
  return html`<div class="${layout}">${drawn}</div>`;
}

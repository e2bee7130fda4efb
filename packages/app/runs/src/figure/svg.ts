// Figures as SVG without a browser: Observable Plot draws panels into a linkedom document, which are then
// arranged under one title and one legend.
import type * as PlotModule from "@observablehq/plot";
import type { PlotOptions } from "@observablehq/plot";
import type { LegendEntry, Panel } from "./panel.js";

export const fontFamily = "DejaVu Sans, Verdana, sans-serif";
export const ink = "#222222";
export const faintInk = "#6b6b6b";

/** Colours that colour-blind readers can distinguish (Okabe and Ito), strongest first. */
const palette = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#7f5fbf",
  "#a6761d",
  "#56b4e9",
  "#444444",
  "#999933",
  "#882255",
] as const;

/** The colour of series number i. */
export const colorOf = (i: number): string => palette[i % palette.length] as string;

/** Observable Plot, loaded when the first figure is drawn. */
export function loadPlot(): Promise<typeof PlotModule> {
  return import("@observablehq/plot");
}

/** Draws one panel (units: CSS pixels). */
export async function drawPanel(
  options: Omit<PlotOptions, "title"> & {
    width: number;
    height: number;
    title?: string | undefined;
  },
): Promise<Panel> {
  const { title, width, height, ...rest } = options;
  const [{ plot }, { parseHTML }] = await Promise.all([loadPlot(), import("linkedom")]);
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg = plot({ ...rest, width, height, document }) as unknown as SvgElement;
  // The style element sizes a figure in a web page; in a nested svg it would hide the size.
  svg.querySelector("style")?.remove();
  svg.removeAttribute("class");
  svg.setAttribute("font-family", fontFamily);
  svg.setAttribute("font-size", "11");
  svg.setAttribute("color", ink);
  return { svg: svg.outerHTML, width, height, title };
}

/** The part of linkedom's SVG element that is used here. */
interface SvgElement {
  outerHTML: string;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  querySelector(selector: string): { remove(): void } | null;
}

export interface ComposeOptions {
  title: string;
  panels: readonly Panel[];
  /** Panels in a row. */
  columns: number;
  legend?: readonly LegendEntry[];
}

/** Arranges panels of equal size in rows under a title and a legend. Returns an SVG document. */
export function composeFigure({ title, panels, columns, legend = [] }: ComposeOptions): string {
  const perRow = Math.min(columns, panels.length);
  const titleHeight = panels.some((panel) => panel.title !== undefined) ? 24 : 0;
  const cell = {
    width: Math.max(...panels.map((panel) => panel.width)),
    height: Math.max(...panels.map((panel) => panel.height + titleHeight)),
  };
  const margin = 12;
  const width = perRow * cell.width + 2 * margin;
  const heading = breakLines(title, width - 2 * margin, 17);
  const legendTop = margin + heading.length * 22 + 6;
  const key = layOutLegend(legend, width - 2 * margin);
  const top = legendTop + key.height + 6;
  const height = top + Math.ceil(panels.length / perRow) * cell.height + margin;
  const placed = panels.map((panel, i) => {
    const x = margin + (i % perRow) * cell.width;
    const y = top + Math.floor(i / perRow) * cell.height;
    const name = `<text x="${x + 4}" y="${y + 14}" font-size="13" font-weight="bold">${escapeXml(panel.title ?? "")}</text>`;
    const place = `x="${x}" y="${y + titleHeight}" overflow="visible"`;
    return (panel.title === undefined ? "" : name) + panel.svg.replace("<svg", `<svg ${place}`);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${fontFamily}" fill="${ink}">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...heading.map(
      (line, i) =>
        `<text x="${margin}" y="${margin + 15 + 22 * i}" font-size="15" font-weight="bold">${escapeXml(line)}</text>`,
    ),
    `<g transform="translate(${margin},${legendTop})" font-size="12">${key.svg}</g>`,
    ...placed,
    "</svg>\n",
  ].join("\n");
}

/** Text made safe for XML and HTML content and attributes. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** An upper bound of the width of a text in DejaVu Sans, in pixels. */
export function textWidth(text: string, fontSize: number): number {
  return [...text].length * fontSize * 0.6;
}

/** A text broken at spaces into lines that fit the width; a word that is too long is cut. */
export function breakLines(text: string, width: number, fontSize: number): string[] {
  const fits = Math.max(1, Math.floor(width / textWidth("x", fontSize)));
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const letters = [...word];
    const short = letters.length > fits ? `${letters.slice(0, fits - 1).join("")}…` : word;
    const longer = `${lines.at(-1) ?? ""} ${short}`.trim();
    if (lines.length > 0 && [...longer].length <= fits) lines[lines.length - 1] = longer;
    else lines.push(short);
  }
  return lines;
}

/** Legend entries from left to right, broken into rows where the width ends. */
function layOutLegend(
  entries: readonly LegendEntry[],
  width: number,
): { svg: string; height: number } {
  const rowHeight = 20;
  let x = 0;
  let y = 0;
  const parts = entries.map(({ label, color, symbol = "line" }) => {
    const size = 28 + textWidth(label, 12) + 14;
    if (x > 0 && x + size > width) {
      x = 0;
      y += rowHeight;
    }
    const dash = symbol === "dashes" ? ' stroke-dasharray="5,4"' : "";
    const line = `<path d="M0,10h22" stroke="${color}" stroke-width="2"${dash}/>`;
    const dot = `<circle cx="11" cy="10" r="3.5" fill="${color}"/>`;
    const mark = symbol === "dot" ? dot : symbol === "dashes" ? line : line + dot;
    const text = `<text x="28" y="14">${escapeXml(label)}</text>`;
    const entry = `<g transform="translate(${x},${y})">${mark}${text}</g>`;
    x += size;
    return entry;
  });
  return { svg: parts.join(""), height: entries.length > 0 ? y + rowHeight : 0 };
}

// Figures as SVG, and their parts, without types of Plot, which users need not install.
import { isPage, printable, shortNumber } from "@dsbm/files";
import { RunError } from "../errors.js";

/** A drawn panel for composeFigure and for reports. */
export interface Panel {
  /** An <svg> element with its size, without a namespace. */
  svg: string;
  width: number;
  height: number;
  title: string | undefined;
  /** The legend of this panel. */
  legend?: readonly LegendEntry[];
  /** What to see, in a report. */
  caption?: string;
  /** The scale of its colours, in a report. */
  scale?: ColorScale;
}

/** Colours from the least to the greatest value, with the texts at the ends and between. */
export interface ColorScale {
  /** CSS colours. */
  colors: readonly string[];
  /** Texts below the scale, evenly spaced. */
  ticks: readonly string[];
  /** What the colours mean, with its unit. */
  label: string;
}

/** Colours of samples, distinct for colour-blind readers. */
export const sampleColors = {
  source: "#e69f00",
  target: "#009e73",
  generated: "#0072b2",
} as const;

/** Whose samples a mark shows. */
export type SampleKind = keyof typeof sampleColors;

/** A line of a legend. */
export interface LegendEntry {
  /** Text next to the symbol. */
  label: string;
  /** A CSS colour. */
  color: string;
  /** "line" has a dot, "dashes" is a rule or a floor, "dot" a point (default "line"). */
  symbol?: "line" | "dashes" | "dot";
}

/** `count` evenly spaced indexes of 0 … size − 1, first and last included. */
export function pickIndexes(size: number, count: number): number[] {
  const last = Math.max(1, Math.min(count, size) - 1);
  const picked = Array.from({ length: last + 1 }, (_, i) => Math.round((i * (size - 1)) / last));
  return [...new Set(picked)];
}

/** Fonts of figures, the preferred one first. */
export const fontFamily = "DejaVu Sans, Verdana, sans-serif";
/** The colour of texts and axes. */
export const ink = "#222222";
/** The colour of grids and secondary texts. */
export const faintInk = "#6b6b6b";
/** The colour of texts on white and on black. */
export const legibleInk = "#7b7b7b";

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

/** The colour of series i; colours repeat. */
export const colorOf = (i: number): string => palette[i % palette.length] as string;

const channelsOf = (color: string) =>
  [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));

/** The colour of time i of `count` times, between the colours of source and target. */
export function timeColor(i: number, count: number): string {
  const share = i / Math.max(1, count - 1);
  const target = channelsOf(sampleColors.target);
  const mixed = channelsOf(sampleColors.source).map((level, k) =>
    Math.round(level + share * ((target[k] as number) - level)),
  );
  return `#${mixed.map((level) => level.toString(16).padStart(2, "0")).join("")}`;
}

/** A number on an axis: 0.25, 30000, −2 × 10⁶. */
export const tickText = (x: number): string => shortNumber(x, 6);

/** Options of a logarithmic axis. */
export const logAxis = { type: "log", tickFormat: tickText } as const;

interface FigureLayout {
  title: string;
  panels: readonly Panel[];
  columns: number;
  legend?: readonly LegendEntry[];
  /** A colour bar for all panels. */
  scale?: ColorScale;
  /** Whether the page shows through: texts are legible on white and on black. */
  isTransparent?: boolean;
}

const margin = 12;

/** Arranges panels of equal size under a title and a legend. Returns an SVG document. */
export function composeFigure({
  title,
  panels,
  columns,
  legend = [],
  scale,
  isTransparent = false,
}: FigureLayout): string {
  const perRow = Math.min(columns, panels.length);
  const titleHeight = panels.some((panel) => panel.title !== undefined) ? 24 : 0;
  const cellWidth = Math.max(...panels.map((panel) => panel.width));
  const keys = panels.map((panel) => drawLegend(panel.legend ?? [], cellWidth));
  const above = titleHeight + Math.max(...keys.map(({ height }) => height));
  const cellHeight = Math.max(...panels.map((panel) => panel.height + above));
  const inside = Math.max(perRow * cellWidth, Math.ceil(textWidth(title, 17)));
  const key = scale ? drawColorBar(scale, inside) : drawLegend(legend, inside);
  const top = margin + 34 + key.height;
  const width = inside + 2 * margin;
  const height = top + Math.ceil(panels.length / perRow) * cellHeight + margin;
  const placed = panels.map((panel, i) => {
    const x = margin + (i % perRow) * cellWidth;
    const y = top + Math.floor(i / perRow) * cellHeight;
    const title = shortenText(panel.title ?? "", Math.floor(cellWidth / 8.6));
    const name = `<text x="${x + 4}" y="${y + 14}" font-size="13" font-weight="bold">${escapeXml(title)}</text>`;
    const place = `x="${x}" y="${y + above}" overflow="visible"`;
    const ownKey = `<g transform="translate(${x + 4},${y + titleHeight - 6})" font-size="12">${keys[i]?.svg ?? ""}</g>`;
    return name + (keys[i]?.svg ? ownKey : "") + panel.svg.replace("<svg", `<svg ${place}`);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${fontFamily}" fill="${isTransparent ? legibleInk : ink}">`,
    `<title>${escapeXml(title)}</title>`,
    isTransparent ? "" : `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="${margin}" y="${margin + 15}" font-size="15" font-weight="bold">${escapeXml(title)}</text>`,
    `<g transform="translate(${margin},${margin + 28})" font-size="12">${key.svg}</g>`,
    ...placed,
    "</svg>\n",
  ].join("\n");
}

/** Loads sharp when an image is drawn: it is a large library. */
export const loadSharp = async () => (await import("sharp")).default;

/**
 * Renders an SVG document as PNG, 2 pixels per CSS pixel; null in a page, where figures stay SVG.
 * @throws {RunError} "picture" if the SVG cannot be read.
 */
export async function svgToPng(svg: string): Promise<Buffer | null> {
  if (isPage) return null;
  const sharp = await loadSharp();
  try {
    return await sharp(Buffer.from(svg), { density: 144 }).png().toBuffer();
  } catch (cause) {
    const what = `cannot render this SVG of ${svg.length} characters: ${cause}`;
    throw new RunError("picture", what, { cause });
  }
}

/** A text of at most `most` letters; a longer text ends with an ellipsis. */
export function shortenText(text: string, most: number): string {
  const letters = [...text];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : text;
}

/** Escapes text for XML and HTML content and attributes, control characters too. */
export function escapeXml(text: string): string {
  return printable(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** An estimate of the width of a text, in pixels. */
export function textWidth(text: string, fontSize: number): number {
  return [...text].length * fontSize * 0.6;
}

/** A bar of colours with its texts below. */
function drawColorBar({ colors, ticks, label }: ColorScale, width: number) {
  const stops = colors.map(
    (color, i) => `<stop offset="${i / (colors.length - 1)}" stop-color="${color}"/>`,
  );
  const anchors = ["start", ...ticks.slice(2).map(() => "middle"), "end"];
  const texts = ticks.map(
    (tick, i) =>
      `<text x="${(i * width) / (ticks.length - 1)}" y="24" text-anchor="${anchors[i]}">${escapeXml(tick)}</text>`,
  );
  const bar = `<defs><linearGradient id="bar">${stops.join("")}</linearGradient></defs><rect width="${width}" height="10" fill="url(#bar)"/>`;
  const name = `<text x="${width / 2}" y="40" text-anchor="middle">${escapeXml(label)}</text>`;
  return { svg: bar + texts.join("") + name, height: 46 };
}

function drawLegend(entries: readonly LegendEntry[], width: number) {
  const rowHeight = 20;
  let x = 0;
  let y = 0;
  const parts = entries.map(({ label, color, symbol = "line" }) => {
    const size = 42 + textWidth(label, 12);
    if (x > 0 && x + size > width) {
      x = 0;
      y += rowHeight;
    }
    const dash = symbol === "dashes" ? ' stroke-dasharray="5,4"' : "";
    const line = `<path d="M0,10h22" stroke="${color}" stroke-width="2"${dash}/>`;
    const dot = `<circle cx="11" cy="10" r="3.5" fill="${color}"/>`;
    const mark = (symbol === "dot" ? "" : line) + (symbol === "dashes" ? "" : dot);
    const entry = `<g transform="translate(${x},${y})">${mark}<text x="28" y="14">${escapeXml(label)}</text></g>`;
    x += size;
    return entry;
  });
  return { svg: parts.join(""), height: entries.length > 0 ? y + rowHeight : 0 };
}

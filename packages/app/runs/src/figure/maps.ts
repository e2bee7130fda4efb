// Maps of fields with their coordinates, in colours that are even to the eye, with a colour bar, on the ground of their page.

import { digits } from "@dsbm/files";
import type { ScaleOptions } from "@observablehq/plot";
import { picturePng } from "./images.js";
import { drawPanel, loadPlot } from "./plot.js";
import { type ColorScale, composeFigure, legibleInk, type Panel, tickText } from "./svg.js";

/** An axis of maps. */
export interface MapAxis {
  /** Its name, with units. */
  label: string;
  /** Coordinates at the first and the last edge of the cells: from west to east, or from the top down. */
  edges: readonly [first: number, last: number];
}

/** A map. */
export interface FieldMap {
  /** Text above it. */
  title: string;
  /** Values [height, width] from the top down; NaN is a cell without a value. */
  values: Float32Array;
}

/** A figure of maps of one variable. */
export interface MapFigureOptions {
  /** Above the maps. */
  title: string;
  /** The variable with its units, below the colour bar. */
  label: string;
  /** Filled row by row. */
  maps: readonly FieldMap[];
  /** Maps in a row. */
  columns: number;
  /** Cells of a map. */
  size: readonly [height: number, width: number];
  /** The axes. */
  axes: { y: MapAxis; x: MapAxis };
}

const width = 180;
const margins = { marginLeft: 54, marginRight: 6, marginTop: 4, marginBottom: 34 };
const heights = { least: 50, most: 220 };
/** The colours hold the middle of the values; the rest has the colours of the ends. */
const tailShare = 0.005;
const levels = 256;
/** The colour of cells without values. */
const gapColor = [217, 217, 217];

/** Returns SVG text. */
export async function mapFigure(options: MapFigureOptions): Promise<string> {
  const { title, label, maps, columns } = options;
  const [low, high] = middleRange(maps.flatMap(({ values }) => Array.from(values)));
  const { scale } = await loadPlot();
  const ramp: ScaleOptions = { type: "linear", scheme: "viridis", domain: [0, levels - 1] };
  const colors = scale({ color: ramp });
  const bar: ColorScale = {
    colors: [0, 0.25, 0.5, 0.75, 1].map((share) => colors.apply(share * (levels - 1))),
    ticks: [`≤ ${digits(low)}`, digits((low + high) / 2), `≥ ${digits(high)}`],
    label,
  };
  const table = Array.from({ length: levels }, (_, level) => rgbOf(colors.apply(level)));
  const colorOf = (value: number) =>
    Number.isNaN(value)
      ? gapColor
      : table[Math.round((levels - 1) * Math.min(1, Math.max(0, (value - low) / (high - low))))];
  const panels = await Promise.all(maps.map((map) => drawMap(map, options, colorOf)));
  return composeFigure({ title, panels, columns, scale: bar, isTransparent: true });
}

/** The range of the colours. */
function middleRange(values: readonly number[]): [low: number, high: number] {
  const sorted = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const low = at(tailShare);
  const high = at(1 - tailShare);
  return high > low ? [low, high] : [low, low + 1];
}

/** Red, green and blue of #rrggbb or rgb(r, g, b). */
function rgbOf(color: string): number[] {
  const [, hex] = /^#(\w{6})$/.exec(color) ?? [];
  if (hex === undefined) return (color.match(/[\d.]+/g) ?? []).map(Number);
  return Array.from(Buffer.from(hex, "hex"));
}

async function drawMap(
  { title, values }: FieldMap,
  { size: [rows, columns], axes: { y, x } }: MapFigureOptions,
  colorOf: (value: number) => readonly number[] | undefined,
): Promise<Panel> {
  const { frame, image } = await loadPlot();
  const area = rows * columns;
  const pixels = new Uint8Array(3 * area);
  for (let cell = 0; cell < area; cell++)
    for (const [c, part] of (colorOf(values[cell]) ?? gapColor).entries())
      pixels[c * area + cell] = part;
  const png = await picturePng(pixels, [3, rows, columns]);
  const inner = width - margins.marginLeft - margins.marginRight;
  const height = Math.min(heights.most, Math.max(heights.least, (inner * rows) / columns));
  const axis = { ticks: 2, tickFormat: tickText };
  return drawPanel({
    ...margins,
    title,
    textColor: legibleInk,
    width,
    height: height + margins.marginTop + margins.marginBottom,
    x: { ...axis, domain: x.edges, label: x.label, labelOffset: 30 },
    y: { ...axis, domain: y.edges.toReversed(), label: y.label, labelOffset: 50 },
    marks: [
      image([0], {
        src: () => `data:image/png;base64,${png.toString("base64")}`,
        x: () => (x.edges[0] + x.edges[1]) / 2,
        y: () => (y.edges[0] + y.edges[1]) / 2,
        width: inner,
        height,
        preserveAspectRatio: "none",
        imageRendering: "pixelated",
      }),
      frame({ stroke: "#888888" }),
    ],
  });
}

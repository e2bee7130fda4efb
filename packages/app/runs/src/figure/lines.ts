// One panel of lines with bands, points and rules. Trends and spectra are drawn by it.
import type { Markish } from "@observablehq/plot";
import type { Axis } from "./axis.js";
import type { Panel } from "./panel.js";
import { drawPanel, ink, loadPlot } from "./svg.js";

export interface Point {
  x: number;
  y: number;
  /** The band around y. */
  low?: number;
  high?: number;
}

export interface Line {
  color: string;
  points: readonly Point[];
  /** A dashed line, for known values. */
  dashed?: boolean;
  /** A dot at each point. */
  dots?: boolean;
}

export interface LinePanel {
  width: number;
  height: number;
  title?: string | undefined;
  lines: readonly Line[];
  x: Axis & { label: string };
  y: Axis & { label: string };
  /** Vertical rules. */
  rules?: readonly { x: number; color: string; dash?: string }[];
  /** Words above the frame, centred at x. */
  heads?: readonly { x: number; text: string }[];
}

const margins = { marginTop: 24, marginRight: 20, marginBottom: 48, marginLeft: 62 };
const headRoom = 16;

/** Draws the panel. Lines are cut off at the frame. */
export async function drawLines(panel: LinePanel): Promise<Panel> {
  const { width, height, title, lines, x, y, rules = [], heads = [] } = panel;
  const { areaY, dot, frame, line, ruleX, text } = await loadPlot();
  const marks: Markish[] = [
    frame({ stroke: "#cccccc" }),
    ...rules.map((r) =>
      ruleX([r.x], { stroke: r.color, ...(r.dash && { strokeDasharray: r.dash }) }),
    ),
    text(heads, { x: "x", text: "text", frameAnchor: "top", dy: -12, fill: ink }),
  ];
  for (const { color, points, dashed, dots } of lines) {
    const band = points.filter(({ low, high }) => low !== undefined && high !== undefined);
    const place = { x: "x", clip: true } as const;
    if (band.length > 0)
      marks.push(areaY(band, { ...place, y1: "low", y2: "high", fill: color, fillOpacity: 0.18 }));
    const dash = dashed ? { strokeWidth: 1.3, strokeDasharray: "5,4" } : { strokeWidth: 1.8 };
    marks.push(line(points, { ...place, y: "y", stroke: color, ...dash }));
    if (dots) marks.push(dot(points, { x: "x", y: "y", fill: color, r: 2.6 }));
  }
  return drawPanel({
    ...{ width, height, title, ...margins },
    marginTop: margins.marginTop + (heads.length > 0 ? headRoom : 0),
    x: { ...x, labelAnchor: "center", labelOffset: 38, labelArrow: "none" },
    y: { ...y, labelArrow: "none", grid: true },
    marks,
  });
}

/** A panel with a text that says why nothing is drawn. */
export async function drawNothing(
  size: { width: number; height: number; title?: string | undefined },
  why: string,
): Promise<Panel> {
  const { text } = await loadPlot();
  return drawPanel({ ...size, ...margins, marks: [text([why], { frameAnchor: "middle" })] });
}

// Panels drawn by Plot. Its types stay here: they do not pass in strict programs without d3's.
import type * as PlotModule from "@observablehq/plot";
import type { Markish, PlotOptions, ScaleOptions } from "@observablehq/plot";
import { type PlaneFrame, planeSize } from "./panel-sizes.js";
import { fontFamily, ink, type Panel, shortenText, tickText } from "./svg.js";

/** Loads the plotting library, only when a figure needs it. */
export const loadPlot = (): Promise<typeof PlotModule> => import("@observablehq/plot");

interface SvgElement {
  outerHTML: string;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  querySelector(selector: string): { remove(): void } | null;
}

type PanelOptions = Omit<PlotOptions, "title" | "width" | "height"> & {
  width: number;
  height: number;
  title?: string | undefined;
  /** The colour of axes and their texts. */
  textColor?: string;
};

const axis: ScaleOptions = { labelAnchor: "center", labelArrow: "none" };

/** Draws one panel (units: CSS pixels). */
export async function drawPanel({
  title,
  width,
  height,
  x,
  y,
  textColor = ink,
  ...rest
}: PanelOptions): Promise<Panel> {
  const [{ plot }, { parseHTML }] = await Promise.all([loadPlot(), import("linkedom")]);
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const options = { ...rest, width, height, document, x: { ...axis, ...x }, y: { ...axis, ...y } };
  const svg = plot(options) as unknown as SvgElement;
  // The style element sizes a figure in a page, but hides the size in a nested svg.
  svg.querySelector("style")?.remove();
  svg.removeAttribute("class");
  svg.setAttribute("font-family", fontFamily);
  svg.setAttribute("font-size", "11");
  svg.setAttribute("color", textColor);
  return { svg: svg.outerHTML, width, height, title };
}

/** Draws marks in the plane of samples. */
export async function frame(
  title: string,
  marks: Markish[],
  labels: { x: string; y: string },
  { height = planeSize.height, ...domains }: PlaneFrame,
  color: ScaleOptions = {},
): Promise<Panel> {
  const plot = await loadPlot();
  const axis = { ticks: 5, tickFormat: tickText };
  return drawPanel({
    ...planeSize,
    height,
    title,
    color,
    marginLeft: 68,
    x: { ...axis, domain: domains.x, label: shortenText(labels.x, 34), labelOffset: 36 },
    y: { ...axis, domain: domains.y, label: shortenText(labels.y, 34), labelOffset: 66 },
    marks: [plot.frame({ stroke: "#bbbbbb" }), ...marks],
  });
}

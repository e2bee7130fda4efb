import type { Markish, ScaleOptions } from "@observablehq/plot";
import { type Course, type Plane, type PlaneOptions, planeAxes } from "./plane.js";
import { drawPanel, frame, loadPlot, planeSize } from "./plot.js";
import { colorOf, sampleColors as colors, type Panel, tickText } from "./svg.js";

/** Of loss, no change and growth. */
const rateColors = ["#1e5ac8", "#d7d7d7", "#c81e1e"];

/** Velocity and growth in the plane, the mass over time, and fates, if the run has them. */
export async function coursePanels(
  course: Course,
  plane: Plane,
  options: PlaneOptions,
): Promise<Panel[]> {
  const panels = plane.k === 2 ? await fieldPanels(course, plane, options) : [];
  if (course.mass) panels.push(await massPanel(course.mass));
  if (course.fates) panels.push(await fatesPanel(course.fates));
  return panels;
}

async function fieldPanels(
  { arrows, growth }: Course,
  plane: Plane,
  options: PlaneOptions,
): Promise<Panel[]> {
  const { arrow, dot } = await loadPlot();
  const { placesOf, label, domains } = planeAxes(plane, options);
  const from = placesOf(arrows.from, false);
  const panel = (title: string, marks: Markish[], color?: ScaleOptions) =>
    frame(title, marks, { x: label(0), y: label(1) }, domains, color);
  const panels: Panel[] = [];
  if (arrows.to) {
    const to = placesOf(arrows.to, false);
    const pairs = from.map(({ x, y }, i) => ({ x, y, x2: to[i]?.x, y2: to[i]?.y }));
    const ends = { x1: "x", y1: "y", x2: "x2", y2: "y2", clip: true };
    const marks = [
      dot(from, { x: "x", y: "y", r: 1.4, clip: true, fill: "#999999" }),
      arrow(pairs, { ...ends, stroke: colors.generated, strokeWidth: 0.9, headLength: 5 }),
    ];
    panels.push(await panel("Velocity at the data", marks));
  }
  if (growth) {
    const most = Math.max(...growth.map(Math.abs)) || 1;
    const rows = from.map(({ x, y }, i) => ({ x, y, rate: growth[i] }));
    const marks = [dot(rows, { x: "x", y: "y", r: 2.4, clip: true, fill: "rate" })];
    const domain = [-most, 0, most];
    const rounded = (rate: number) => tickText(Number(rate.toPrecision(2)));
    const range = [Math.min(...growth), Math.max(...growth)].map(rounded).join(" to ");
    const color: ScaleOptions = { type: "linear", domain, range: rateColors };
    panels.push(await panel(`Growth rate ${range} (red grows)`, marks, color));
  }
  return panels;
}

async function massPanel(mass: NonNullable<Course["mass"]>): Promise<Panel> {
  const { dot, line } = await loadPlot();
  const rows = (times: readonly number[], values: readonly number[]) =>
    times.map((time, i) => ({ time, mass: values[i] }));
  return drawPanel({
    ...planeSize,
    title: "Total mass over time",
    marginLeft: 68,
    x: { ticks: 5, tickFormat: tickText, label: "time", labelOffset: 36 },
    y: {
      ticks: 5,
      tickFormat: tickText,
      label: "mass (line: generated, dots: data)",
      labelOffset: 56,
      zero: true,
    },
    marks: [
      line(rows(mass.times, mass.generated), { x: "time", y: "mass", stroke: colors.generated }),
      dot(rows(mass.dataTimes, mass.data), { x: "time", y: "mass", r: 4, fill: colors.target }),
    ],
  });
}

/** Bars of the classes that rows of a class end in, and of the data there. */
async function fatesPanel(fates: NonNullable<Course["fates"]>): Promise<Panel> {
  const { barX, stackX, text } = await loadPlot();
  const { column, from, to, counts, data } = fates;
  const bars = [...counts.map((row, i) => [from[i], row] as const), ["data", data] as const];
  const parts = bars.flatMap(([name, row]) => {
    const all = row.reduce((sum, n) => sum + n, 0);
    return row.flatMap((n, k) => (n > 0 ? [{ name, end: to[k], share: n / all }] : []));
  });
  const large = parts.map((part) => (part.share > 0.12 ? part.end : ""));
  const stack = { x: "share", y: "name", z: "end", order: [...to] };
  return drawPanel({
    ...planeSize,
    title: `Fates by ${column}`,
    marginLeft: 88,
    x: { ticks: 3, tickFormat: "%", label: "share of the rows of a class", labelOffset: 36 },
    y: { label: null, domain: bars.map(([name]) => name) },
    color: { domain: to, range: to.map((_, i) => colorOf(i)) },
    marks: [
      barX(parts, { ...stack, fill: "end", inset: 1 }),
      text(parts, { ...stackX({ ...stack, text: large }), fill: "white" }),
    ],
  });
}

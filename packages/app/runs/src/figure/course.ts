// Velocity and growth of a course in the plane, its mass over time and its fates, each with what to see.

import { digits, percent, shortNumber } from "@dsbm/files";
import type { Markish, ScaleOptions } from "@observablehq/plot";
import { planeAxes } from "./axes.js";
import { planeSize } from "./panel-sizes.js";
import type { PlaneOptions } from "./plane.js";
import { drawPanel, frame, loadPlot } from "./plot.js";
import type { Course, Plane } from "./points-file.js";
import {
  colorOf,
  sampleColors as colors,
  type LegendEntry,
  type Panel,
  textWidth,
  tickText,
} from "./svg.js";

/** Of loss, no change and growth. */
const rateColors = ["#1e5ac8", "#d7d7d7", "#c81e1e"];

/** The name of the times, such as "day" (default: "time"). */
type TimedOptions = PlaneOptions & { timeName?: string };

const timeWords =
  /^(second|minute|hour|day|week|month|year|generation|cycle|passage|sec|min|hr|dpi|hpf|dpf)s?$/i;

/** "day" of "days"; "unit of samples" of a column without a unit. */
function timeUnit(name: string): string {
  const word = timeWords.exec(name)?.[1];
  if (word !== undefined) return word;
  return name === usualName ? "unit of time" : `unit of ${name}`;
}

/** Velocity and growth in the plane, the mass over time, and fates, if the run has them. */
export async function coursePanels(
  course: Course,
  plane: Plane,
  options: TimedOptions,
): Promise<Panel[]> {
  const panels = plane.k === 2 ? await fieldPanels(course, plane, options) : [];
  // Panels of a row have one height.
  const height = panels[0]?.height ?? planeSize.height;
  if (course.mass) panels.push(await massPanel(course.mass, { ...options, height }));
  if (course.fates) panels.push(await fatesPanel(course.fates, options));
  return panels;
}

const usualName = "time";

async function fieldPanels(course: Course, plane: Plane, options: TimedOptions): Promise<Panel[]> {
  const { label, domains } = planeAxes(plane, options);
  const panel = (title: string, marks: Markish[], color?: ScaleOptions) =>
    frame(title, marks, { x: label(0), y: label(1) }, domains, color);
  const velocity = course.arrows.to && (await velocityPanel(course, plane, { ...options, panel }));
  const growth = course.growth && (await growthPanel(course, plane, { ...options, panel }));
  return [velocity, growth].flatMap((one) => one ?? []);
}

type FieldOptions = TimedOptions & {
  panel(title: string, marks: Markish[], color?: ScaleOptions): Promise<Panel>;
};

/** Arrows from the data along the velocity. */
async function velocityPanel(
  { arrows }: Course,
  plane: Plane,
  { panel, timeName = usualName, ...options }: FieldOptions,
): Promise<Panel> {
  const { arrow, dot } = await loadPlot();
  const { allPlacesOf } = planeAxes(plane, options);
  const from = allPlacesOf(arrows.from);
  const to = allPlacesOf(arrows.to ?? []);
  const pairs = from.map(({ x, y }, i) => ({ x, y, x2: to[i]?.x, y2: to[i]?.y }));
  const ends = { x1: "x", y1: "y", x2: "x2", y2: "y2", clip: true };
  const marks = [
    dot(from, { x: "x", y: "y", r: 1.4, clip: true, fill: "#999999" }),
    arrow(pairs, { ...ends, stroke: colors.generated, strokeWidth: 0.9, headLength: 5 }),
  ];
  const way =
    arrows.span === undefined
      ? ""
      : `An arrow is the way of ${digits(arrows.span, 2)} ${timeUnit(timeName)}. `;
  const lengths = pairs
    .map(({ x, y, x2 = x, y2 = y }) => Math.hypot(x2 - x, y2 - y))
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const middle = lengths[Math.floor(lengths.length / 2)] ?? 0;
  // Columns may have different units: only components have one length.
  const isOneScale = plane.explained !== null && arrows.span;
  const speed = isOneScale
    ? `Half of the rows are faster than ${digits(middle / isOneScale, 2)} per ${timeUnit(timeName)} in this plane. `
    : "";
  const title = "Velocity at the data";
  return {
    ...(await panel(title, marks)),
    caption: `${way}${speed}${from.length} rows of all times.`,
  };
}

/** Rows coloured by their rate of growth. */
async function growthPanel(
  { arrows, growth }: Course,
  plane: Plane,
  { panel, timeName = usualName, ...options }: FieldOptions,
): Promise<Panel> {
  const { dot } = await loadPlot();
  const rates = growth ?? [];
  const most = Math.max(...rates.map(Math.abs)) || 1;
  const places = planeAxes(plane, options).allPlacesOf(arrows.from);
  const rows = places.map(({ x, y }, i) => ({ x, y, rate: rates[i] }));
  const marks = [dot(rows, { x: "x", y: "y", r: 2.4, clip: true, fill: "rate" })];
  const domain = [-most, 0, most];
  const color: ScaleOptions = { type: "linear", domain, range: rateColors };
  const rounded = (rate: number) => shortNumber(rate, 2);
  const unit = timeUnit(timeName);
  const sorted = rates.filter(Number.isFinite).toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const growing = percent(sorted.filter((rate) => rate > 0).length / Math.max(1, sorted.length));
  return {
    ...(await panel(`Growth rate per ${unit}`, marks, color)),
    scale: {
      colors: rateColors,
      ticks: [`${rounded(-most)} (loss)`, "0", `+${rounded(most)} (growth)`],
      label: `log mass per ${unit}`,
    },
    caption: `${growing} of the rows grow; the median rate is ${digits(middle, 2)} per ${unit}, which multiplies the mass by ${digits(Math.exp(middle), 3)} in one ${unit}.`,
  };
}

async function massPanel(
  mass: NonNullable<Course["mass"]>,
  { timeName = usualName, height }: TimedOptions & { height: number },
): Promise<Panel> {
  const { dot, line } = await loadPlot();
  const rows = (times: readonly number[], values: readonly number[]) =>
    times.map((at, i) => ({ time: at, mass: values[i] }));
  const panel = await drawPanel({
    ...planeSize,
    height,
    title: "Total mass",
    marginLeft: 68,
    x: { ticks: 5, tickFormat: tickText, label: timeName, labelOffset: 36 },
    y: {
      ticks: 5,
      tickFormat: tickText,
      label: "mass (1 at the start)",
      labelOffset: 56,
      zero: true,
    },
    marks: [
      line(rows(mass.times, mass.generated), { x: "time", y: "mass", stroke: colors.generated }),
      dot(rows(mass.dataTimes, mass.data), { x: "time", y: "mass", r: 4, fill: colors.target }),
    ],
  });
  // Either end may be the last of the direction: times of a course rise.
  const place = mass.dataTimes.indexOf(Math.max(...mass.dataTimes));
  const first = mass.dataTimes.indexOf(Math.min(...mass.dataTimes));
  const isBackward = (mass.times[0] ?? 0) > (mass.times.at(-1) ?? 1);
  const end = isBackward ? first : place;
  const at = `${timeName} ${tickText(mass.dataTimes[end] ?? 0)}`;
  return {
    ...panel,
    legend: [
      { color: colors.target, symbol: "dot", label: "data" },
      { color: colors.generated, label: "generated" },
    ],
    caption: `At ${at} the generated mass is ${digits(mass.generated.at(-1))}, the mass of the data ${digits(mass.data[end])}.`,
  };
}

/** Bars of the classes that rows of a class end in, and of the data there. */
async function fatesPanel(
  fates: NonNullable<Course["fates"]>,
  { times, direction }: TimedOptions,
): Promise<Panel> {
  const { barX, stackX, text } = await loadPlot();
  const { column, from, to, counts, data } = fates;
  const sum = (row: readonly number[]) => row.reduce((total, n) => total + n, 0);
  const dataName = `data${times ? ` of ${times.at(-1)}` : ""}`;
  const bars = [
    ...counts.map((row, i) => [`${from[i]} (${sum(row)})`, row] as const),
    [`${dataName} (${sum(data)})`, data] as const,
  ];
  const parts = bars.flatMap(([name, row]) =>
    row.flatMap((n, k) => (n > 0 ? [{ name, end: to[k], share: n / sum(row) }] : [])),
  );
  const shareTexts = parts.map(({ share }) => (share > 0.12 ? percent(share) : ""));
  const stack = { x: "share", y: "name", z: "end", order: [...to] };
  const panel = await drawPanel({
    ...planeSize,
    height: Math.max(120, 60 + 34 * bars.length),
    title: `Fates by ${column}${direction === "b" ? ", backward" : ""}`,
    marginLeft: 16 + Math.ceil(Math.max(...bars.map(([name]) => textWidth(name, 11)))),
    x: { ticks: 3, tickFormat: "%", label: "share of the rows of a class", labelOffset: 36 },
    y: { label: null, domain: bars.map(([name]) => name) },
    color: { domain: to, range: to.map((_, i) => colorOf(i)) },
    marks: [
      barX(parts, { ...stack, fill: "end", inset: 1 }),
      text(parts, { ...stackX({ ...stack, text: shareTexts }), fill: "white" }),
    ],
  });
  return {
    ...panel,
    legend: to.map((label, i): LegendEntry => ({ color: colorOf(i), symbol: "dot", label })),
    caption: fatesText(fates),
  };
}

/** "Most rows of stem end in b (75 %), of …" */
function fatesText({ from, to, counts }: NonNullable<Course["fates"]>): string {
  const ways = counts.flatMap((row, i) => {
    const total = row.reduce((sum, n) => sum + n, 0);
    if (total === 0) return [];
    const most = Math.max(...row);
    return [`${from[i]} → ${to[row.indexOf(most)]} ${percent(most / total)}`];
  });
  return `Where most generated rows of each class end: ${ways.join(", ")}. Numbers of rows are in brackets.`;
}

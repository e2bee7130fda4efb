import type { Markish } from "@observablehq/plot";
import { z } from "zod";
import { listOf, readIfAs, realNumber } from "../files/json.js";
import { drawPanel, frame, loadPlot } from "./plot.js";
import {
  sampleColors as colors,
  composeFigure,
  type LegendEntry,
  type Panel,
  tickText,
} from "./svg.js";

interface PlanePoint {
  x: number;
  y: number;
}

type Domain = [number, number];

interface Domains {
  x: Domain;
  y: Domain;
}

/** Coordinates, labels and ranges of a plane. */
export function planeAxes(
  { explained, between, source, target, generated }: Plane,
  { units }: { units: AxisUnits },
) {
  const value = (axis: number, x = Number.NaN) => (explained ? x : units.value(axis, x));
  const label = (axis: number) => {
    const share = explained?.[axis];
    if (share === undefined) return units.name(axis);
    return `component ${axis + 1} (${Math.round(100 * share)} % of the variance)`;
  };
  const placesOf = (flat: readonly number[], isWhole = true): PlanePoint[] =>
    Array.from({ length: Math.floor(flat.length / 2) }, (_, i) => ({
      x: value(0, flat[2 * i]),
      y: value(1, flat[2 * i + 1]),
    })).filter(({ x, y }) => !isWhole || (Number.isFinite(x) && Number.isFinite(y)));
  const steps = between.flatMap((one) => [one.data, one.generated]);
  const groups = [source, target, generated, ...steps].map((flat) => placesOf(flat));
  return { value, label, placesOf, domains: domainsOf(groups, explained !== null) };
}

function middle(groups: readonly number[][]): Domain {
  const edges = groups.flatMap((values) => {
    const sorted = values.toSorted((a, b) => a - b);
    return [0.01, 0.99].flatMap((share) => sorted[Math.round(share * (sorted.length - 1))] ?? []);
  });
  const [low, high] = edges.length > 0 ? [Math.min(...edges), Math.max(...edges)] : [0, 1];
  const margin = 0.06 * (high - low) || Math.max(0.05 * Math.abs(low), 1e-6);
  return [low - margin, high + margin];
}

function domainsOf(groups: readonly PlanePoint[][], isSame: boolean): Domains {
  const x = middle(groups.map((group) => group.map((place) => place.x)));
  const y = middle(groups.map((group) => group.map((place) => place.y)));
  const width = x[1] - x[0];
  const height = y[1] - y[0];
  const most = Math.max(width, height);
  if (!isSame && most > 2 * Math.min(width, height)) return { x, y };
  const around = ([a, b]: Domain): Domain => [(a + b - most) / 2, (a + b + most) / 2];
  return { x: around(x), y: around(y) };
}

const mostPaths = 40;
const sampleKinds = ["source", "target", "generated"] as const;
type SampleKind = (typeof sampleKinds)[number];

/** Direction, names and units of a figure. */
export interface PlaneOptions {
  direction: "f" | "b";
  names: { source: string; target: string };
  units: AxisUnits;
}

/** "source: winter.csv", or "source" if it has no other name. */
const endTitle = (kind: "source" | "target", names: PlaneOptions["names"]): string =>
  names[kind] === kind ? kind : `${kind}: ${names[kind]}`;

const capitalise = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** The legend of source, target and generated samples. */
export const planeLegend = ({ names }: Pick<PlaneOptions, "names">): LegendEntry[] =>
  sampleKinds.map((kind) => ({
    color: colors[kind],
    symbol: "dot",
    label: kind === "generated" ? kind : endTitle(kind, names),
  }));

/** Draws samples and paths as SVG text. */
export async function scatterFigure(
  { plane, histograms }: Points,
  { direction, title }: { direction: "f" | "b"; title: string },
): Promise<string> {
  const options = { direction, names: { source: "source", target: "target" }, units: plainUnits };
  const panels = await planePanels(plane, options);
  if (plane.k === 1)
    for (const one of histograms) panels.push(await histogramPanel(one, options, panels[0]));
  const columns = panels.length === 4 ? 2 : 3;
  return composeFigure({ title, panels, columns, legend: planeLegend(options) });
}

/**
 * Panels of source, intermediate, generated and target samples, and paths. With one coordinate only
 * the paths over time.
 */
export async function planePanels(
  plane: Plane,
  { direction, names, units }: PlaneOptions,
): Promise<Panel[]> {
  const { dot, line } = await loadPlot();
  const { k, path, between } = plane;
  const { value, label, placesOf, domains } = planeAxes(plane, { units });
  const dots = (kind: SampleKind, flat: readonly number[], fillOpacity = 0.6) =>
    dot(placesOf(flat), { x: "x", y: "y", r: 1.8, clip: true, fill: colors[kind], fillOpacity });
  const placeOfPath = (state: readonly number[], i: number, time: number): PlanePoint[] =>
    k === 1 ? [{ x: time, y: value(0, state[i]) }] : placesOf(state.slice(2 * i, 2 * i + 2));
  const count = Math.min(mostPaths, (path.states[0]?.length ?? 0) / k);
  const paths = Array.from({ length: count }, (_, i) =>
    path.states
      .flatMap((state, t) => placeOfPath(state, i, path.times[t]))
      .map((place) => ({ ...place, i })),
  );
  const stroke = { stroke: colors.generated, strokeWidth: 0.9, strokeOpacity: 0.7 };
  const ends = paths.flatMap((one) => one.slice(-1));
  const pathMarks = [
    line(paths.flat(), { x: "x", y: "y", z: "i", clip: true, ...stroke }),
    dot(ends, { x: "x", y: "y", r: 2.4, clip: true, fill: colors.generated }),
  ];
  if (k === 1) {
    const range = { x: [0, 1] as Domain, y: middle([paths.flat().map(({ y }) => y)]) };
    return [await frame("Paths", pathMarks, { x: "time", y: label(0) }, range)];
  }
  const [start, goal] =
    direction === "f" ? (["source", "target"] as const) : (["target", "source"] as const);
  const panel = (title: string, ...marks: Markish[]) =>
    frame(title, marks, { x: label(0), y: label(1) }, domains);
  const panelOf = (kind: "source" | "target") =>
    panel(capitalise(endTitle(kind, names)), dots(kind, plane[kind]));
  return Promise.all([
    panelOf(start),
    ...between.map(({ name, time, data, generated }) =>
      panel(
        `t = ${Number(time.toPrecision(4))}${name && `: ${name}`}`,
        dots(goal, data),
        dots("generated", generated),
      ),
    ),
    panel("Generated", dots("generated", plane.generated)),
    panelOf(goal),
    panel("Paths", dots(start, plane[start], 0.2), dots(goal, plane[goal], 0.2), ...pathMarks),
  ]);
}

/** The histograms of a column: generated values as bars, source and target as outlines. */
export async function histogramPanel(
  { column, low, high, ...shares }: Histogram,
  { units }: Pick<PlaneOptions, "units">,
  size: { width: number; height: number } = { width: 210, height: 120 },
): Promise<Panel> {
  const { lineY, rectY, ruleY } = await loadPlot();
  const from = units.value(column, low);
  const width = (units.value(column, high) - from) / shares.generated.length;
  const bars = (kind: SampleKind) =>
    shares[kind].map((share, i) => ({ from: from + i * width, to: from + (i + 1) * width, share }));
  const outline = (kind: SampleKind) =>
    lineY(
      bars(kind).flatMap(({ from, to, share }) => [from, to].map((x) => ({ x, share }))),
      { x: "x", y: "share", stroke: colors[kind], strokeWidth: 1.5 },
    );
  const bar = { x1: "from", x2: "to", y: "share", fill: colors.generated, fillOpacity: 0.45 };
  return drawPanel({
    ...size,
    title: units.name(column),
    marginTop: 6,
    marginRight: 24,
    marginBottom: 24,
    marginLeft: 38,
    x: { ticks: 3, label: null, tickFormat: tickText },
    y: { ticks: 2, label: null, percent: true, tickFormat: (share: number) => `${share} %` },
    marks: [
      rectY(bars("generated"), { ...bar, inset: 0 }),
      outline("source"),
      outline("target"),
      ruleY([0], { stroke: "#888888" }),
    ],
  });
}

/** Numbers in row order. JSON has no NaN. */
const numberList = z.array(realNumber.catch(Number.NaN));
const pointSets = { source: numberList, target: numberList, generated: numberList };

const plane = z
  .object({
    ...pointSets,
    k: z.union([z.literal(1), z.literal(2)]),
    /** Each principal component's share of the variance; null: the coordinates are columns. */
    explained: numberList.nullable(),
    /** A few paths: the states at each time, in the sampler's order. */
    path: z.object({ times: numberList.min(1), states: z.array(numberList) }),
    /** Intermediate datasets in the order of the direction, and generated samples there. */
    between: listOf(
      z.object({ name: z.string(), time: realNumber, data: numberList, generated: numberList }),
    ),
  })
  .refine(({ path }) => path.times.length === path.states.length);

/**
 * Shares of the samples in equal bins of [low, high]; the outer bins include all samples beyond.
 */
const histogram = z
  .object({ ...pointSets, column: realNumber, low: realNumber, high: realNumber })
  .refine(
    ({ low, high, source, target, generated }) =>
      high > low &&
      source.length > 0 &&
      target.length === source.length &&
      generated.length === source.length,
  );

/** Velocities, growth and fates of a time course, in the units of the plane and of the user's times. */
const course = z.object({
  /** Data of all times, and where the velocity leads. */
  arrows: z.object({ from: numberList, to: numberList.nullable() }),
  /** Rates of growth there; null: masses are constant. */
  growth: numberList.nullable(),
  /** Total mass by time, of generated rows and of the data; null: constant. */
  mass: z
    .object({ times: numberList, generated: numberList, dataTimes: numberList, data: numberList })
    .nullable(),
  /** Counts of generated rows by their class at the start and at the end, and of the data there. */
  fates: z
    .object({
      column: z.string(),
      from: z.array(z.string()),
      to: z.array(z.string()),
      counts: z.array(numberList),
      data: numberList,
    })
    .nullable(),
});

const points = z.object({
  n: realNumber,
  dim: realNumber,
  plane,
  course: course.optional().catch(undefined),
  histograms: listOf(histogram),
});

/**
 * Points of a scatter plot, as a figure saves them: `n` samples of dimension `dim` in a `plane`, a
 * time `course`, and `histograms` of columns.
 */
export type Points = z.output<typeof points>;

/** Points of a time course, as a figure saves them. */
export type Course = z.output<typeof course>;
/** Coordinates of samples and paths in a plane. */
export type Plane = z.output<typeof plane>;
type Histogram = z.output<typeof histogram>;

/** Returns null if the file is missing or has another form. Throws RunError "corrupt". */
export const readPoints = (path: string): Points | null => readIfAs(path, points);

/** From the units of networks to the units of the data. */
export interface AxisUnits {
  name(column: number): string;
  /** A value of a column in the units of the data, or its logarithm. */
  value(column: number, x: number): number;
}

/** The name of a column that has none, counted from 1. */
export const columnName = (column: number): string => `column ${column + 1}`;

/** Units of networks, for data without units of their own. */
export const plainUnits: AxisUnits = { name: columnName, value: (_, x) => x };

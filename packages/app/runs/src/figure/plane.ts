// Panels of samples in the plane: source, generated and target, the times of a course, and paths.
import { nounOf } from "@dsbm/files";
import type { Markish } from "@observablehq/plot";
import { type FrameCount, type PlanePoint, planeAxes, rangeOfGroups } from "./axes.js";
import { type AxisUnits, plainUnits } from "./axis-units.js";
import { histogramPanel } from "./histogram.js";
import { frame, loadPlot } from "./plot.js";
import type { ConditionPoints, Plane, Points } from "./points-file.js";
import {
  sampleColors as colors,
  composeFigure,
  type LegendEntry,
  type Panel,
  type SampleKind,
  timeColor,
} from "./svg.js";

const mostPaths = 40;

/** Direction, names and units of a figure. */
export interface PlaneOptions {
  direction: "f" | "b";
  names: { source: string; target: string };
  units: AxisUnits;
  /** The times of a course in the order of the direction ("day 2"); missing for two datasets. */
  times?: readonly string[];
}

/** "source: winter.csv", or "source" if it has no other name. */
const endTitle = (kind: "source" | "target", names: PlaneOptions["names"]): string =>
  names[kind] === kind ? kind : `${kind}: ${names[kind]}`;

const capitalise = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** Rows of source, target and generated samples. */
export type RowCounts = Readonly<Record<SampleKind, number>>;

/** The legend of source, target and generated samples, with their numbers of rows if they are known. */
export const planeLegend = (
  { names }: Pick<PlaneOptions, "names">,
  rows?: RowCounts,
): LegendEntry[] =>
  (["source", "target", "generated"] as const).map((kind) => ({
    color: colors[kind],
    symbol: "dot",
    label: rowsLabel(kind === "generated" ? kind : endTitle(kind, names), rows?.[kind]),
  }));

const rowsLabel = (label: string, count: number | undefined): string =>
  count === undefined
    ? label
    : `${label} (${count.toLocaleString("en-US")} ${nounOf(count, "row")})`;

const plainNames = { source: "source", target: "target" };

/** Draws samples and paths as SVG text, by default without names and units. */
export async function scatterFigure(
  { plane, histograms, rows }: Pick<Points, "plane" | "histograms"> & Partial<Points>,
  { title, ...given }: Pick<PlaneOptions, "direction"> & Partial<PlaneOptions> & { title: string },
): Promise<string> {
  const options: PlaneOptions = { names: plainNames, units: plainUnits, ...given };
  const { panels } = await planePanels(plane, options);
  if (plane.k === 1)
    for (const one of histograms) panels.push(await histogramPanel(one, options, panels[0]));
  const columns = panels.length === 4 ? 2 : 3;
  const legend = options.times ? [] : planeLegend(options, rows);
  return composeFigure({ title, panels, columns, legend });
}

/** Panels, and the points that their frame leaves out. */
interface PlanePanels {
  panels: Panel[];
  cut: FrameCount;
}

/**
 * Panels of source, intermediate, generated and target samples, and paths; of a course a panel for each time. With one
 * coordinate only the paths over time.
 */
export async function planePanels(plane: Plane, options: PlaneOptions): Promise<PlanePanels> {
  const marks = await pathMarks(plane, options);
  const { label, domains, cut } = planeAxes(plane, options);
  if (plane.k === 1) {
    const range = { x: [0, 1] as [number, number], y: rangeOfGroups([marks.heights]) };
    const paths = await frame("Paths", marks.paths, { x: "time", y: label(0) }, range);
    return { panels: [paths], cut: { outside: 0, all: 0 } };
  }
  const panel = (title: string, ...all: Markish[]) =>
    frame(title, all, { x: label(0), y: label(1) }, domains);
  const drawer = { panel, cloud: await cloudsOf(plane, options), paths: marks.paths };
  const panels = options.times
    ? timePanels(plane, { ...options, times: options.times }, drawer)
    : endPanels(plane, options, drawer);
  return { panels: await Promise.all(panels), cut };
}

/** A panel for each class or range of the condition: its source, its data and its generated rows in one frame. */
export async function conditionPanels(
  groups: readonly ConditionPoints[],
  plane: Plane,
  options: PlaneOptions,
): Promise<Panel[]> {
  const { label, domains } = planeAxes(plane, options);
  const cloud = await cloudsOf(plane, options);
  const [start, goal] = kindsOf(options.direction);
  return Promise.all(
    groups.map(async (group) => {
      const kinds = [start, goal, "generated"] as const;
      const marks = kinds.map((kind) =>
        cloud(group[kind], colors[kind], kind === start ? 0.4 : 0.6),
      );
      const panel = await frame(group.label, marks, { x: label(0), y: label(1) }, domains);
      const legend = kinds.map(
        (kind): LegendEntry => ({
          color: colors[kind],
          symbol: "dot",
          label: rowsLabel(
            kind === "generated" ? kind : endTitle(kind, options.names),
            group[kind].length / 2,
          ),
        }),
      );
      return { ...panel, legend };
    }),
  );
}

/** Draws panels of the plane. */
interface PlaneDrawer {
  panel(title: string, ...marks: Markish[]): Promise<Panel>;
  /** Points of rows in the plane. */
  cloud(flat: readonly number[], fill: string, fillOpacity?: number): Markish;
  paths: Markish[];
}

async function cloudsOf(plane: Plane, options: PlaneOptions): Promise<PlaneDrawer["cloud"]> {
  const { dot } = await loadPlot();
  const { placesOf } = planeAxes(plane, options);
  return (flat, fill, fillOpacity = 0.6) =>
    dot(placesOf(flat), { x: "x", y: "y", r: 1.8, clip: true, fill, fillOpacity });
}

/** Lines of a few rows, and their ends. */
async function pathMarks(plane: Plane, options: PlaneOptions) {
  const { dot, line } = await loadPlot();
  const { k, path } = plane;
  const { value, placesOf } = planeAxes(plane, options);
  const placeOfPath = (state: readonly number[], i: number, time: number): PlanePoint[] =>
    k === 1 ? [{ x: time, y: value(0, state[i]) }] : placesOf(state.slice(2 * i, 2 * i + 2));
  const count = Math.min(mostPaths, (path.states[0]?.length ?? 0) / k);
  const lines = Array.from({ length: count }, (_, i) =>
    path.states
      .flatMap((state, t) => placeOfPath(state, i, path.times[t]))
      .map((place) => ({ ...place, i })),
  );
  const stroke = { stroke: colors.generated, strokeWidth: 0.9, strokeOpacity: 0.7 };
  const ends = lines.flatMap((one) => one.slice(-1));
  return {
    heights: lines.flat().map(({ y }) => y),
    paths: [
      line(lines.flat(), { x: "x", y: "y", z: "i", clip: true, ...stroke }),
      dot(ends, { x: "x", y: "y", r: 2.4, clip: true, fill: colors.generated }),
    ],
  };
}

const kindsOf = (direction: "f" | "b") =>
  direction === "f" ? (["source", "target"] as const) : (["target", "source"] as const);

/** Source, intermediate times, generated, target and paths. */
function endPanels(
  plane: Plane,
  { direction, names }: PlaneOptions,
  { panel, cloud, paths }: PlaneDrawer,
): Promise<Panel>[] {
  const [start, goal] = kindsOf(direction);
  const panelOf = (kind: "source" | "target") =>
    panel(capitalise(endTitle(kind, names)), cloud(plane[kind], colors[kind]));
  return [
    panelOf(start),
    ...plane.between.map(({ name, time, data, generated }) =>
      panel(
        `t = ${Number(time.toPrecision(4))}${name && `: ${name}`}`,
        cloud(data, colors[goal]),
        cloud(generated, colors.generated),
      ),
    ),
    panel("Generated", cloud(plane.generated, colors.generated)),
    panelOf(goal),
    panel(
      "Paths",
      cloud(plane[start], colors[start], 0.35),
      cloud(plane[goal], colors[goal], 0.35),
      ...paths,
    ),
  ];
}

/** A panel for each time of a course with its data and generated rows, and the paths through all times. */
function timePanels(
  plane: Plane,
  { direction, times }: PlaneOptions & { times: readonly string[] },
  { panel, cloud, paths }: PlaneDrawer,
): Promise<Panel>[] {
  const [start, goal] = kindsOf(direction);
  const steps = [...plane.between, { data: plane[goal], generated: plane.generated }];
  const counted = (label: string, color: string, flat: readonly number[]): LegendEntry => ({
    color,
    symbol: "dot",
    label: rowsLabel(label, flat.length / 2),
  });
  const clouds = [plane[start], ...steps.map(({ data }) => data)];
  const order = (i: number) => (direction === "f" ? i : clouds.length - 1 - i);
  const colorAt = (i: number) => timeColor(order(i), clouds.length);
  const first = async (): Promise<Panel> => ({
    ...(await panel(capitalise(times[0]), cloud(plane[start], colorAt(0)))),
    legend: [counted(`data of ${times[0]}`, colorAt(0), plane[start])],
  });
  const later = steps.map(async ({ data, generated }, i): Promise<Panel> => {
    const time = times[i + 1] ?? "";
    const marks = [cloud(data, colorAt(i + 1)), cloud(generated, colors.generated)];
    return {
      ...(await panel(capitalise(time), ...marks)),
      legend: [
        counted(`data of ${time}`, colorAt(i + 1), data),
        counted("generated", colors.generated, generated),
      ],
    };
  });
  const course = async (): Promise<Panel> => ({
    ...(await panel("Paths", ...clouds.map((flat, i) => cloud(flat, colorAt(i), 0.45)), ...paths)),
    legend: [
      ...times.map((label, i): LegendEntry => ({ color: colorAt(i), symbol: "dot", label })),
      { color: colors.generated, label: "generated paths" },
    ],
  });
  return [first(), ...later, course()];
}

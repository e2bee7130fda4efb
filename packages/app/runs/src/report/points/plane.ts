// Source, generated and target side by side in the same plane, and the paths between them.
import type { Markish } from "@observablehq/plot";
import { linearDomain } from "../../figure/axis.js";
import type { Panel } from "../../figure/panel.js";
import { drawPanel, loadPlot } from "../../figure/svg.js";
import { digits, percent } from "../page/digits.js";
import type { Names } from "../verdict.js";
import type { Plane, Units } from "./points.js";

/** Paths drawn as lines. */
const mostPaths = 40;
export const colors = { source: "#e69f00", target: "#009e73", generated: "#0072b2" } as const;

interface Place {
  x: number;
  y: number;
}

type Domain = [number, number];

/** The panels of a direction: start, generated, wanted, paths; of one coordinate the paths over time alone. */
export async function planePanels(
  plane: Plane,
  { direction, names, units }: { direction: "f" | "b"; names: Names; units: Units },
): Promise<Panel[]> {
  const { k, explained, path, between = [] } = plane;
  const { times, states } = path;
  const value = (axis: number, x: number) => (explained ? x : units.value(axis, x));
  const label = (axis: number) =>
    explained
      ? `component ${axis + 1} (${percent(explained[axis] ?? 0)} of the variance)`
      : units.name(axis);
  const places = (flat: readonly number[]): Place[] =>
    Array.from({ length: Math.floor(flat.length / 2) }, (_, i) => ({
      x: value(0, flat[2 * i] as number),
      y: value(1, flat[2 * i + 1] as number),
    })).filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  if (k === 1) {
    const lines = linesOf(states, 1).map((line) =>
      line.map((x, t) => ({ x: times[t] as number, y: value(0, x[0] as number) })),
    );
    const y = middle(lines.flat().map((p) => p.y));
    const domains = { x: linearDomain(times), y };
    const marks = await pathMarks(lines);
    return [await frame(marks, { title: "Paths", labels: ["time", label(0)], domains })];
  }
  const [start, wanted] =
    direction === "f" ? (["source", "target"] as const) : (["target", "source"] as const);
  const [from, to, made] = [places(plane[start]), places(plane[wanted]), places(plane.generated)];
  const lines = linesOf(states, 2).map((line) => line.flatMap((point) => places(point)));
  const passed = between.map((one) => ({
    title: `t = ${Number(one.time.toPrecision(4))}: ${short(one.name)}`,
    data: places(one.data),
    made: places(one.generated),
  }));
  const groups = [from, to, made, ...passed.flatMap(({ data, made: own }) => [data, own])];
  const domains = domainsOf(groups, explained !== null);
  const labels = [label(0), label(1)] as const;
  const one = async (title: string, marks: Markish[]) => frame(marks, { title, labels, domains });
  return [
    await one(`Start: ${names[start]}`, await dots(from, colors[start], 0.6)),
    ...(await Promise.all(
      passed.map(async ({ title, data, made: own }) =>
        one(title, [
          ...(await dots(data, colors[wanted], 0.5)),
          ...(await dots(own, colors.generated, 0.5)),
        ]),
      ),
    )),
    await one("Generated", await dots(made, colors.generated, 0.6)),
    await one(`Wanted: ${names[wanted]}`, await dots(to, colors[wanted], 0.6)),
    await one("Paths", [
      ...(await dots(from, colors[start], 0.2)),
      ...(await dots(to, colors[wanted], 0.2)),
      ...(await pathMarks(lines)),
    ]),
  ];
}

/** The first paths: of each the coordinates at each time. */
function linesOf(states: readonly (readonly number[])[], k: number): number[][][] {
  const n = Math.min(mostPaths, Math.floor((states[0]?.length ?? 0) / k));
  return Array.from({ length: n }, (_, i) =>
    states.map((state) => state.slice(i * k, (i + 1) * k)),
  );
}

async function dots(points: readonly Place[], fill: string, fillOpacity: number) {
  const { dot } = await loadPlot();
  return [dot(points, { x: "x", y: "y", r: 1.8, clip: true, fill, fillOpacity })];
}

async function pathMarks(lines: readonly Place[][]): Promise<Markish[]> {
  const { dot, line } = await loadPlot();
  const points = lines.flatMap((path, i) => path.map((at) => ({ ...at, i })));
  const stroke = { stroke: colors.generated, strokeWidth: 0.9, strokeOpacity: 0.7 };
  const last = lines.flatMap((path) => path.slice(-1));
  return [
    line(points, { x: "x", y: "y", z: "i", clip: true, ...stroke }),
    dot(last, { x: "x", y: "y", r: 2.4, clip: true, fill: colors.generated }),
  ];
}

async function frame(
  marks: Markish[],
  options: { title: string; labels: readonly [string, string]; domains: { x: Domain; y: Domain } },
): Promise<Panel> {
  const { title, labels, domains } = options;
  const plot = await loadPlot();
  const axis = { labelAnchor: "center", labelArrow: "none", ticks: 5, tickFormat: tick } as const;
  return drawPanel({
    ...{ width: 296, height: 280, title },
    ...{ marginTop: 8, marginRight: 12, marginBottom: 42, marginLeft: 68 },
    x: { ...axis, domain: domains.x, label: short(labels[0]), labelOffset: 36 },
    y: { ...axis, domain: domains.y, label: short(labels[1]), labelOffset: 66 },
    marks: [plot.frame({ stroke: "#bbbbbb" }), ...marks],
  });
}

/** A tick of an axis: 0.25, 2,000, 30K; very small and very large ones in powers of ten. */
export const tick = (x: number): string => {
  const size = Math.abs(x);
  if (size !== 0 && (size >= 1e12 || size < 1e-4)) return digits(x, 2);
  const notation = size >= 1e4 ? "compact" : "standard";
  const text = x.toLocaleString("en-US", { notation, maximumSignificantDigits: 6 });
  return text.replace("-", "−");
};

/** A name that fits an axis. */
export const short = (name: string, most = 34): string => {
  const letters = [...name];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : name;
};

/** From the first to the last per cent of each group with a margin: one outlier does not decide a figure. */
function middle(...groups: readonly number[][]): Domain {
  const ends = groups.flatMap((values) => {
    const sorted = values.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
    return [at(0.01) ?? [], at(0.99) ?? []].flat();
  });
  return ends.length > 0 ? linearDomain(ends) : [0, 1];
}

/** Axes of equal length where the units are the same, or nearly. */
function domainsOf(groups: readonly Place[][], isSame: boolean): { x: Domain; y: Domain } {
  const x = middle(...groups.map((group) => group.map((p) => p.x)));
  const y = middle(...groups.map((group) => group.map((p) => p.y)));
  const [w, h] = [x[1] - x[0], y[1] - y[0]];
  if (!isSame && Math.max(w, h) > 2 * Math.min(w, h)) return { x, y };
  const half = Math.max(w, h) / 2;
  const around = ([a, b]: Domain): Domain => [(a + b) / 2 - half, (a + b) / 2 + half];
  return { x: around(x), y: around(y) };
}

import type { Markish } from "@observablehq/plot";
import { refuse } from "../errors.js";
import type { LegendEntry, Panel } from "./panel.js";
import { drawPanel, loadPlot } from "./plot.js";
import { colorOf, composeFigure, faintInk, ink, logAxis } from "./svg.js";

type TrendRow = Readonly<Record<string, unknown>>;

/** One metric of a trend figure. */
export interface TrendPanel {
  /** The column to draw. */
  metric: string;
  /** The column of its standard deviation, drawn as a band. */
  spread?: string;
  /** Default: the column. */
  title?: string;
  /** Label of the vertical axis with its unit (default: the column). */
  label?: string;
  /** The column of a perfect sampler's value, drawn as a dashed line. */
  floor?: string;
  /** Default "linear". A logarithmic axis skips values ≤ 0. */
  scale?: "linear" | "log";
}

/** A figure of metrics over half-iterations or steps. */
export interface TrendOptions {
  /** Rows with half_iteration, of one or several runs. */
  rows: readonly TrendRow[];
  /** From top to bottom. */
  panels: readonly TrendPanel[];
  /** Text above all panels. */
  title?: string;
  /** The name of a row's line (default: its direction). */
  series?: (row: TrendRow) => string;
  /** Horizontal axis: "half_iteration" (default), or "step": the steps of all half-iterations, one after the other. */
  x?: "half_iteration" | "step";
  /** Legend of the floors (default "floor of a perfect sampler"). */
  floorLabel?: string;
  /** Pixels of a panel (default: 860 × 300 over steps, 420 × 264 over half-iterations). */
  size?: { width: number; height: number };
}

const alarm = "#b30000";
const mostBins = 400;
const smoothedShare = 0.05;
const directions: Record<string, string> = { f: "forward (f)", b: "backward (b)" };

/**
 * Returns SVG text. Skips values of other types than numbers, and marks NaN and infinities by a red
 * rule. Throws RunError "bad_argument" without rows or panels.
 */
export async function trendFigure(options: TrendOptions): Promise<string> {
  const { title = "Convergence", x } = options;
  const { panels, legend } = await trendPanels(options);
  return composeFigure({ title, panels, columns: x === "step" ? 1 : 2, legend });
}

/** The panels of metrics over half-iterations or steps, and their legend. */
export async function trendPanels(
  options: TrendOptions,
): Promise<{ panels: Panel[]; legend: LegendEntry[] }> {
  const { rows, panels, series = seriesName, x = "half_iteration", floorLabel } = options;
  const isOverSteps = x === "step";
  const wide = { width: 860, height: 300 };
  const { size = isOverSteps ? wide : { width: 420, height: 264 } } = options;
  const halves = halvesOf(rows, isOverSteps);
  refuse("a trend figure", [
    [
      halves.length === 0 || panels.length === 0,
      `${rows.length} rows and ${panels.length} panels, expected rows with half_iteration${isOverSteps ? " and step" : ""}, and a panel`,
    ],
  ]);
  const names = [...new Set(rows.map(series))];
  names.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const scene = { rows, series, names, halves, isOverSteps, size };
  const drawn = await Promise.all(panels.map((panel) => drawTrend(panel, scene)));
  const legend = names.map((label): LegendEntry => ({ label, color: colorIn(names, label) }));
  const dashes = (label: string, color: string) => legend.push({ label, color, symbol: "dashes" });
  if (drawn.some(({ hasFloor }) => hasFloor))
    dashes(floorLabel ?? "floor of a perfect sampler", faintInk);
  if (drawn.some(({ isLost }) => isLost)) dashes("not finite", alarm);
  return { panels: drawn.map(({ panel }) => panel), legend };
}

function colorIn(names: readonly string[], name: string): string {
  const way = Object.values(directions).findIndex((start) => name.startsWith(start));
  if (way < 0) return colorOf(names.indexOf(name));
  const same = names.filter((other) => other.startsWith(Object.values(directions)[way] as string));
  return colorOf(2 * same.indexOf(name) + way);
}

const seriesName = ({ direction }: TrendRow): string => directions[String(direction)] ?? "run";

interface Half {
  n: number;
  name: string;
  start: number;
  end: number;
}

function halvesOf(rows: readonly TrendRow[], isOverSteps: boolean): Half[] {
  const halves = new Map<number, { steps: number; ways: Set<unknown> }>();
  for (const { half_iteration: n, step, direction } of rows) {
    if (typeof n !== "number" || (isOverSteps && typeof step !== "number")) continue;
    const half = halves.get(n) ?? { steps: 0, ways: new Set() };
    half.steps = Math.max(half.steps, Number(step ?? 0));
    half.ways.add(direction);
    halves.set(n, half);
  }
  let end = 0;
  const sorted = [...halves].sort(([a], [b]) => a - b);
  return sorted.map(([n, { steps, ways }]) => {
    const start = end;
    end += steps;
    const [way] = ways;
    const name = ways.size === 1 && typeof way === "string" ? `${n} ${way}` : `${n}`;
    return { n, name, start, end };
  });
}

interface Scene extends Required<Pick<TrendOptions, "rows" | "series" | "size">> {
  names: readonly string[];
  halves: readonly Half[];
  isOverSteps: boolean;
}

function pointsOf(
  { metric, spread, floor, scale }: TrendPanel,
  { rows, series, halves, isOverSteps }: Scene,
) {
  const starts = new Map(halves.map(({ n, start }) => [n, start]));
  return rows.flatMap((row) => {
    const { half_iteration: n, step, [metric]: y } = row;
    const start = starts.get(n as number);
    if (typeof y !== "number" || start === undefined) return [];
    const x = isOverSteps ? start + Number(step) : (n as number);
    const std = spread === undefined ? null : row[spread];
    const name = series(row);
    const point = { x, y, name, line: isOverSteps ? `${n} ${name}` : name };
    const reference = floor === undefined ? null : row[floor];
    const isFloor = typeof reference === "number" && (scale !== "log" || reference > 0);
    return [{ ...point, floor: isFloor ? reference : null, ...bandOf(y, std, scale) }];
  });
}

function bandOf(value: number, std: unknown, scale: TrendPanel["scale"]) {
  if (typeof std !== "number" || !Number.isFinite(std)) return {};
  // A logarithmic axis has no room below zero: the band extends equally in both directions.
  const low = scale === "log" && std >= value ? value ** 2 / (value + std) : value - std;
  return { low, high: value + std };
}

async function drawTrend(panel: TrendPanel, scene: Scene) {
  const { metric, scale, title, label = metric } = panel;
  const { halves, names, size, isOverSteps } = scene;
  const plot = await loadPlot();
  const { areaY, binX, frame, lineY, map, ruleX, text, window, windowY } = plot;
  const all = pointsOf(panel, scene);
  const lost = all.filter(({ y }) => !Number.isFinite(y));
  const points = all.filter(({ y }) => Number.isFinite(y) && (scale !== "log" || y > 0));
  const floors = points.filter(({ floor }) => floor !== null);
  const marks: Markish[] = [
    frame({ stroke: "#cccccc" }),
    ruleX(new Set(lost.map(({ x }) => x)), { stroke: alarm, strokeDasharray: "5,4" }),
  ];
  if (points.length === 0)
    marks.push(text([`no finite value of ${metric}`], { frameAnchor: "middle" }));
  const channels = { x: "x", z: "line" } as const;
  if (isOverSteps) {
    const bins = Math.min(mostBins, points.length);
    const k = Math.max(1, Math.round((smoothedShare * bins) / halves.length));
    const around = (reduce: "min" | "max") => window({ k, reduce, anchor: "middle" });
    const binned = { ...channels, thresholds: bins, clip: true };
    const edges = { ...binned, y1: "y", y2: "y", fill: "name", fillOpacity: 0.18 };
    const line = { ...binned, y: "y", stroke: "name", strokeWidth: 1.8 };
    marks.push(
      ruleX(halves.length < 40 ? halves.slice(1) : [], { x: "start", stroke: "#dddddd" }),
      text(headsOf(scene), { x: "x", text: "name", frameAnchor: "top", dy: -12, fill: ink }),
      areaY(
        points,
        map({ y1: around("min"), y2: around("max") }, binX({ y1: "min", y2: "max" }, edges)),
      ),
      lineY(points, windowY({ k, anchor: "middle" }, binX({ y: "mean" }, line))),
    );
  } else {
    const band = points.filter(({ low }) => low !== undefined);
    const dashed = { strokeWidth: 1.3, strokeDasharray: "5,4", marker: "tick" } as const;
    marks.push(
      areaY(band, { ...channels, y1: "low", y2: "high", fill: "name", fillOpacity: 0.18 }),
      lineY(floors, { ...channels, y: "floor", stroke: "name", ...dashed }),
      lineY(points, { ...channels, y: "y", stroke: "name", strokeWidth: 1.8, marker: "dot" }),
    );
  }
  const y = points[0]?.y ?? 0;
  const margin = 0.05 * Math.abs(y) || 1e-9;
  const isConstant = points.every((point) => [point.y, point.floor ?? y].every((v) => v === y));
  const drawn = await drawPanel({
    ...size,
    title,
    marginTop: isOverSteps ? 40 : 24,
    marginRight: 20,
    marginBottom: 48,
    marginLeft: 62,
    inset: 8,
    x: { labelOffset: 38, ...(isOverSteps ? stepAxis(halves) : halfAxis(halves)) },
    y: {
      ...(scale === "log" && points.length > 0 && logAxis),
      ...(isConstant && { domain: [y - margin, y + margin] }),
      grid: true,
      label: isOverSteps ? `${label} (line: mean, band: range)` : label,
    },
    color: { domain: names, range: names.map((name) => colorIn(names, name)) },
    marks,
  });
  return { panel: drawn, isLost: lost.length > 0, hasFloor: floors.length > 0 };
}

function halfAxis(halves: readonly Half[]) {
  const numbers = halves.map(({ n }) => n);
  const every = Math.ceil(halves.length / 9);
  return {
    label: "half-iteration",
    ticks: numbers.filter((_, i) => i % every === 0),
    tickFormat: (n: number) => halves.find((half) => half.n === n)?.name ?? String(n),
  };
}

function stepAxis(halves: readonly Half[]) {
  return {
    label: halves.length > 1 ? "training step, all half-iterations" : "training step",
    domain: [0, Math.max(1, halves.at(-1)?.end ?? 1)],
    ticks: 6,
    tickFormat: "~s",
  };
}

function headsOf({ halves, size }: Scene) {
  const isTight = halves.length > size.width / 30;
  return isTight ? [] : halves.map(({ name, start, end }) => ({ name, x: (start + end) / 2 }));
}

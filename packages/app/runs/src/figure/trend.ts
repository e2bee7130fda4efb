import type { Markish } from "@observablehq/plot";
import { curveSize } from "./panel-sizes.js";
import { drawPanel, loadPlot } from "./plot.js";
import { colorOf, faintInk, type LegendEntry, logAxis, type Panel } from "./svg.js";

type TrendRow = Readonly<Record<string, unknown>>;

/** One metric of a trend. */
export interface TrendPanel {
  /** The column of the metric's values. */
  metric: string;
  /** Text above the panel. */
  title: string;
  /** The column of its reference, drawn as a dashed line. */
  reference?: string;
  /** Whether the axis is logarithmic and skips values ≤ 0. */
  isLog: boolean;
}

/** Metrics over half-iterations or steps. */
export interface TrendOptions {
  /** Rows with half_iteration, of one run. */
  rows: readonly TrendRow[];
  /** The panels from top to bottom. */
  panels: readonly TrendPanel[];
  /** The name of a row's line. */
  series(row: TrendRow): string;
  /** Whether lines are over the steps of all half-iterations, one after the other. */
  isOverSteps: boolean;
}

interface TrendPoint {
  x: number;
  y: number;
  name: string;
  line: string;
  reference: number | null;
}

const mostBins = 400;
const smoothedShare = 0.05;

/** The panels and their legend. Skips values that are no finite numbers. */
export async function trendPanels({
  rows,
  panels,
  series,
  isOverSteps,
}: TrendOptions): Promise<{ panels: Panel[]; legend: LegendEntry[] }> {
  const names = [...new Set(rows.map(series))];
  names.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const range = names.map((name) => colorIn(names, name));
  const starts = isOverSteps ? startsOf(rows) : null;
  const drawn = panels.map((panel) =>
    drawTrend(panel, {
      points: pointsOf(panel, { rows, series, starts }),
      starts,
      color: { domain: names, range },
    }),
  );
  const legend = names.map((label, i): LegendEntry => ({ label, color: range[i] }));
  if (panels.some(({ reference }) => reference !== undefined))
    legend.push({ label: "reference", color: faintInk, symbol: "dashes" });
  return { panels: await Promise.all(drawn), legend };
}

/** Each direction has its own colour. */
function colorIn(names: readonly string[], name: string): string {
  const isBack = (one: string) => one.startsWith("backward");
  const same = names.filter((one) => isBack(one) === isBack(name));
  return colorOf(2 * same.indexOf(name) + (isBack(name) ? 1 : 0));
}

/** Steps before each half-iteration. */
function startsOf(rows: readonly TrendRow[]): Map<number, number> {
  const lengths = new Map<number, number>();
  for (const { half_iteration: half, step } of rows)
    if (typeof half === "number" && typeof step === "number") lengths.set(half, step);
  let start = 0;
  return new Map(
    [...lengths].map(([half, length]) => {
      start += length;
      return [half, start - length];
    }),
  );
}

function pointsOf(
  { metric, reference, isLog }: TrendPanel,
  {
    rows,
    series,
    starts,
  }: Pick<TrendOptions, "rows" | "series"> & { starts: ReadonlyMap<number, number> | null },
): TrendPoint[] {
  const isShown = (value: unknown): value is number =>
    Number.isFinite(value) && (!isLog || Number(value) > 0);
  return rows.flatMap((row) => {
    const { half_iteration: half, step, [metric]: y } = row;
    if (typeof half !== "number" || !isShown(y)) return [];
    const name = series(row);
    const floor = reference === undefined ? null : row[reference];
    return [
      {
        x: starts ? (starts.get(half) ?? 0) + Number(step) : half,
        y,
        name,
        line: starts ? `${half} ${name}` : name,
        reference: isShown(floor) ? floor : null,
      },
    ];
  });
}

async function drawTrend(
  { title, isLog }: TrendPanel,
  {
    points,
    starts,
    color,
  }: {
    points: readonly TrendPoint[];
    starts: ReadonlyMap<number, number> | null;
    color: { domain: string[]; range: string[] };
  },
): Promise<Panel> {
  const { areaY, binX, frame, lineY, map, ruleX, window, windowY } = await loadPlot();
  const channels = { x: "x", z: "line" } as const;
  const marks: Markish[] = [frame({ stroke: "#cccccc" })];
  if (starts) {
    const bins = Math.min(mostBins, points.length);
    const k = Math.max(1, Math.round((smoothedShare * bins) / starts.size));
    const around = (reduce: "min" | "max") => window({ k, reduce, anchor: "middle" });
    const binned = { ...channels, thresholds: bins, clip: true };
    const edges = { ...binned, y1: "y", y2: "y", fill: "name", fillOpacity: 0.18 };
    const line = { ...binned, y: "y", stroke: "name", strokeWidth: 1.8 };
    marks.push(
      ruleX([...starts.values()].slice(1), { stroke: "#dddddd" }),
      areaY(
        points,
        map({ y1: around("min"), y2: around("max") }, binX({ y1: "min", y2: "max" }, edges)),
      ),
      lineY(points, windowY({ k, anchor: "middle" }, binX({ y: "mean" }, line))),
    );
  } else {
    const references = points.filter(({ reference }) => reference !== null);
    const dashed = { strokeWidth: 1.3, strokeDasharray: "5,4", marker: "tick" } as const;
    marks.push(
      lineY(references, { ...channels, y: "reference", stroke: "name", ...dashed }),
      lineY(points, { ...channels, y: "y", stroke: "name", strokeWidth: 1.8, marker: "dot" }),
    );
  }
  const halves = [...new Set(points.map(({ x }) => x))];
  return drawPanel({
    ...curveSize,
    height: 264,
    title,
    inset: 8,
    x: {
      labelOffset: 38,
      label: starts ? "training step, all half-iterations" : "half-iteration",
      ...(starts
        ? { ticks: 6, tickFormat: "~s" }
        : { ticks: halves.length > 9 ? 6 : halves, tickFormat: "d" }),
    },
    y: {
      ...(isLog && points.length > 0 && logAxis),
      grid: true,
      label: starts ? "line: mean, band: range" : null,
    },
    color,
    marks,
  });
}

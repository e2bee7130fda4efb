// How a run converges: each metric against half_iteration, one line per method and number of
// steps, the exact value as a dashed rule, and for the divergence the floor of a perfect sampler.
import type { Markish } from "@observablehq/plot";
import { RunError } from "../errors.js";
import type { Row } from "../files/csv.js";
import { integerTicks, linearDomain, logAxis, logTick } from "./axis.js";
import {
  composeFigure,
  drawPanel,
  faintInk,
  ink,
  type LegendEntry,
  loadPlot,
  type Panel,
  palette,
} from "./svg.js";

/** One panel: a column of the rows and how to draw it. */
export interface ConvergencePanel {
  /** The column, e.g. "mean". */
  metric: string;
  /** The column of its standard deviation: a band of one on either side. */
  spread?: string;
  title: string;
  /** Label of the vertical axis, with the unit where there is one. */
  label: string;
  /** The exact value: a dashed rule. */
  exact?: number;
  /** The column that holds the floor of a perfect sampler: a dashed line a series. */
  floor?: string;
  scale?: "linear" | "log";
}

export interface ConvergenceOptions {
  /** Rows of results.csv; several runs may be put together. */
  rows: readonly Row[];
  panels?: readonly ConvergencePanel[];
  title?: string;
  /** The name of the line that a row belongs to (default: method if given, and steps). */
  series?: (row: Row) => string;
  /** What the floors are. */
  floorLabel?: string;
}

/**
 * The panels of the Gaussian benchmark; exact values from the closed form of the bridge.
 * KL is in nats, averaged over the grid times.
 */
export function gaussianPanels(exact: {
  mean: number;
  var: number;
  cov: number;
}): ConvergencePanel[] {
  const floor = { label: "KL (nats), mean over t", scale: "log" } as const;
  return [
    { metric: "mean", title: "Mean", label: "mean over coordinates", exact: exact.mean },
    { metric: "var", title: "Variance", label: "variance over coordinates", exact: exact.var },
    { metric: "cov", title: "Covariance of the ends", label: "Cov(X₁, X₀)", exact: exact.cov },
    {
      metric: "kl_full",
      title: "Divergence from the exact bridge",
      ...floor,
      floor: "floor_full",
    },
  ];
}

const size = { width: 420, height: 264 };
const margins = { marginTop: 28, marginRight: 66, marginBottom: 56, marginLeft: 60 };

interface Point {
  series: string;
  n: number;
  value: number;
  low: number;
  high: number;
}

/**
 * Draws the figure and returns it as SVG text. Values that are missing, not finite, or not positive
 * on a log axis are left out. Throws RunError "bad_argument" without rows or panels.
 */
export async function convergenceFigure({
  rows,
  panels = gaussianPanels({ mean: Number.NaN, var: Number.NaN, cov: Number.NaN }),
  title = "Convergence",
  series = seriesName,
  floorLabel = "floor of a perfect sampler",
}: ConvergenceOptions): Promise<string> {
  if (rows.length === 0 || panels.length === 0) {
    throw new RunError(
      "bad_argument",
      `a convergence figure was given ${rows.length} rows and ${panels.length} panels, expected at least one of each`,
    );
  }
  const names = [...new Set(rows.map(series))];
  const colors = names.map((_, i) => palette[i % palette.length] as string);
  const drawn: Panel[] = [];
  for (const panel of panels) drawn.push(await drawMetric(panel, rows, series, names, colors));
  const legend: LegendEntry[] = names.map((label, i) => ({ label, color: colors[i] as string }));
  if (panels.some((panel) => Number.isFinite(panel.exact))) {
    legend.push({ label: "exact", color: ink, symbol: "dashes" });
  }
  if (
    panels.some(
      (p) => p.floor !== undefined && points(rows, p.floor, series, { scale: p.scale }).length > 0,
    )
  ) {
    legend.push({ label: floorLabel, color: faintInk, symbol: "dashes" });
  }
  return composeFigure({ title, panels: drawn, columns: Math.min(2, panels.length), legend });
}

function seriesName(row: Row): string {
  const steps = row.steps == null ? "" : `${row.steps} steps`;
  return [row.method ?? "", steps].filter((part) => part !== "").join(", ") || "run";
}

function points(
  rows: readonly Row[],
  column: string,
  series: (row: Row) => string,
  { scale, spread }: Pick<ConvergencePanel, "scale" | "spread">,
): Point[] {
  return rows.flatMap((row) => {
    const [n, value] = [Number(row.half_iteration), row[column]];
    if (typeof value !== "number" || !Number.isFinite(value) || !Number.isFinite(n)) return [];
    if (scale === "log" && value <= 0) return [];
    const std = spread === undefined ? null : row[spread];
    const reach = typeof std === "number" && Number.isFinite(std) ? std : 0;
    // A logarithmic axis has no room below zero: the band goes as far down as it goes up.
    const low = scale === "log" && reach >= value ? value ** 2 / (value + reach) : value - reach;
    return [{ series: series(row), n, value, low, high: value + reach }];
  });
}

/** A short level line, or band, for what is known at one half_iteration only. */
function widen(point: Point): Point[] {
  return [-0.2, 0.2].map((d) => ({ ...point, n: point.n + d }));
}

async function drawMetric(
  panel: ConvergencePanel,
  rows: readonly Row[],
  series: (row: Row) => string,
  names: string[],
  colors: string[],
): Promise<Panel> {
  const { areaY, dot, frame, line, ruleY, text } = await loadPlot();
  const data = points(rows, panel.metric, series, panel);
  const { scale } = panel;
  const floor = panel.floor === undefined ? [] : points(rows, panel.floor, series, { scale });
  const exact = Number.isFinite(panel.exact) ? [panel.exact as number] : [];
  const values = [...data, ...floor].flatMap((p) => [p.low, p.high]).concat(exact);
  if (data.length === 0) {
    const nothing = text([`no finite value of ${panel.metric}`], { frameAnchor: "middle" });
    return drawPanel({ ...size, ...margins, title: panel.title, marks: [nothing] });
  }
  const ns = data.map((p) => p.n);
  const x: [number, number] = [Math.min(...ns), Math.max(...ns)];
  const log = panel.scale === "log" ? logAxis(values) : undefined;
  const channels = { x: "n", y: "value", z: "series", stroke: "series" };
  const alone = x[0] === x[1];
  const floorLines = alone ? floor.flatMap(widen) : floor;
  const band = panel.spread === undefined ? [] : alone ? data.flatMap(widen) : data;
  const marks: Markish[] = [
    frame({ stroke: "#cccccc" }),
    ruleY(exact, { stroke: ink, strokeWidth: 1.2, strokeDasharray: "5,4" }),
    text(exact, {
      y: (v: number) => v,
      frameAnchor: "right",
      textAnchor: "start",
      dx: 6,
      text: (v: number) => `exact\n${shortNumber(v)}`,
      fill: ink,
    }),
    line(floorLines, {
      ...channels,
      strokeWidth: 1.3,
      strokeDasharray: "5,4",
      strokeOpacity: 0.75,
    }),
    areaY(band, {
      x: "n",
      y1: "low",
      y2: "high",
      z: "series",
      fill: "series",
      fillOpacity: 0.18,
    }),
    line(data, { ...channels, strokeWidth: 1.8 }),
    dot(data, {
      x: "n",
      y: "value",
      fill: "series",
      r: data.length > 200 ? 1.5 : 2.6,
    }),
  ];
  return drawPanel({
    ...size,
    ...margins,
    title: panel.title,
    x: {
      domain: [x[0] - 0.3, x[1] + 0.3],
      ticks: integerTicks(x[0], x[1]),
      tickFormat: String,
      label: "half-iteration",
      labelAnchor: "center",
      labelOffset: 36,
      labelArrow: "none",
    },
    y: {
      label: panel.label,
      labelArrow: "none",
      grid: true,
      ...(log
        ? { type: "log", domain: log.domain, ticks: log.ticks, tickFormat: logTick }
        : { domain: linearDomain(values), ticks: 5 }),
    },
    color: { domain: names, range: colors },
    marks,
  });
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

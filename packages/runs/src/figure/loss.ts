// How training goes: the loss against the step, as a line through its noise, one panel a
// half-iteration or, for long runs, one line a direction through all of them.
import type { Markish } from "@observablehq/plot";
import { RunError } from "../errors.js";
import { linearDomain, logAxis, logTick } from "./axis.js";
import {
  composeFigure,
  drawPanel,
  type LegendEntry,
  loadPlot,
  type Panel,
  palette,
} from "./svg.js";
import { extent, type Sample, type Trend, trend } from "./trend.js";

export interface LossFigureOptions {
  /** Rows of metrics.jsonl; those with half_iteration, step and the metric are drawn. */
  metrics: readonly Readonly<Record<string, unknown>>[];
  /** The key of the value (default "loss"). */
  metric?: string;
  /** One panel a half-iteration, or one line a direction (default: panels for at most 12). */
  by?: "half_iteration" | "direction";
  /** Default "log"; values that are not positive are left out there. */
  scale?: "log" | "linear";
  /** Line and band are over this share of the steps of a half-iteration (default 0.05). */
  smooth?: number;
  title?: string;
}

interface Point extends Sample {
  half: number;
  series: string;
}

/** A stretch of one half-iteration's line. */
type Stretch = Trend & Pick<Point, "half" | "series">;

/** Bins of a line, and of all lines of a panel together. */
const binsPerHalf = 200;
const binsPerPanel = 4000;
const maxPanels = 12;
const alarm = "#b30000";
const margins = { marginTop: 22, marginRight: 20, marginBottom: 46, marginLeft: 56 };

/**
 * Draws the figure and returns it as SVG text. Steps whose value is not finite are marked by a red
 * rule. Throws RunError "bad_argument" without a row to draw.
 */
export async function lossFigure(options: LossFigureOptions): Promise<string> {
  const { metrics, metric = "loss", scale = "log", smooth = 0.05, title = "Training" } = options;
  const points = pointsOf(metrics, metric);
  const fault =
    points.length === 0
      ? `${metrics.length} rows, none with half_iteration, step and ${metric}`
      : !(smooth >= 0 && smooth <= 1)
        ? `smooth ${smooth}, expected a share from 0 to 1`
        : undefined;
  if (fault !== undefined) throw new RunError("bad_argument", `a loss figure was given ${fault}`);
  const halves = [...new Set(points.map((p) => p.half))].sort((a, b) => a - b);
  const by = options.by ?? (halves.length <= maxPanels ? "half_iteration" : "direction");
  const names = [...new Set(points.map((p) => p.series))].sort();
  const colors = names.map((_, i) => palette[i % palette.length] as string);
  const drawable = (p: Point) => Number.isFinite(p.value) && (scale !== "log" || p.value > 0);
  const groups = halves.map((): Point[] => []);
  for (const p of points) groups[halves.indexOf(p.half)]?.push(p);
  const ends = runningSum(groups.map((group) => extent(group.map((p) => p.step))[1]));
  const most = Math.ceil(Math.min(binsPerHalf, binsPerPanel / halves.length));
  const start = (i: number) => (by === "direction" ? (ends[i - 1] ?? 0) : 0);
  const parts = groups.map((group, i) => {
    const placed = group.map((p) => ({ ...p, step: p.step + start(i) }));
    const { half, series } = group[0] as Point;
    const bins = trend(placed.filter(drawable), { most, smooth });
    return { bins: bins.map((bin) => ({ ...bin, half, series })), lost: placed.filter(isLost) };
  });
  const style: Style = { metric, scale, names, colors, all: parts.flatMap((p) => p.bins) };
  const panels: Panel[] = [];
  if (by === "direction") {
    const size = { width: 860, height: 300 };
    const lost = parts.flatMap((part) => part.lost);
    panels.push(await drawLines(style.all, lost, style, { ...size, borders: ends.slice(0, -1) }));
  } else {
    for (const [i, part] of parts.entries()) {
      const series = [...new Set(groups[i]?.map((p) => p.series))].join(", ");
      const name = `half-iteration ${halves[i]}${series === metric ? "" : `, ${series}`}`;
      panels.push(
        await drawLines(part.bins, part.lost, style, { width: 320, height: 220, title: name }),
      );
    }
  }
  const legend: LegendEntry[] = names.map((label, i) => ({ label, color: colors[i] as string }));
  if (parts.some((part) => part.lost.length > 0)) {
    legend.push({ label: "not finite", color: alarm, symbol: "dashes" });
  }
  return composeFigure({ title, panels, columns: Math.min(3, panels.length), legend });
}

interface Style {
  metric: string;
  scale: "log" | "linear";
  names: string[];
  colors: string[];
  /** Everything drawn anywhere: the panels share their vertical axis. */
  all: readonly Stretch[];
}

const isLost = (p: Point) => !Number.isFinite(p.value);

function pointsOf(metrics: LossFigureOptions["metrics"], metric: string): Point[] {
  return metrics.flatMap((row) => {
    const { half_iteration: half, step, direction, [metric]: value } = row;
    if (typeof half !== "number" || typeof step !== "number" || typeof value !== "number")
      return [];
    return [{ half, step, value, series: typeof direction === "string" ? direction : metric }];
  });
}

function runningSum(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => {
    sum += value;
    return sum;
  });
}

async function drawLines(
  bins: readonly Stretch[],
  lost: readonly Point[],
  { metric, scale, names, colors, all }: Style,
  place: { width: number; height: number; title?: string; borders?: readonly number[] },
): Promise<Panel> {
  const { areaY, frame, line, ruleX, text } = await loadPlot();
  const { borders = [], ...size } = place;
  if (bins.length === 0) {
    const nothing = text([`no finite value of ${metric}`], { frameAnchor: "middle" });
    return drawPanel({ ...size, ...margins, marks: [nothing] });
  }
  const values = all.flatMap((bin) => [bin.low, bin.high]);
  const log = scale === "log" ? logAxis(values) : undefined;
  const steps = extent([...bins, ...lost].map((p) => p.step));
  const channels = { x: "step", z: "half" } as const;
  const band = { ...channels, y1: "low", y2: "high", fill: "series", fillOpacity: 0.2 } as const;
  const marks: Markish[] = [
    frame({ stroke: "#cccccc" }),
    ruleX(borders.length < 40 ? borders : [], { stroke: "#dddddd" }),
    areaY(bins, band),
    line(bins, { ...channels, y: "mean", stroke: "series", strokeWidth: 1.8 }),
    ruleX(lost, { x: "step", stroke: alarm, strokeWidth: 1.2, strokeDasharray: "5,4" }),
  ];
  return drawPanel({
    ...size,
    ...margins,
    x: {
      domain: [steps[0], Math.max(steps[1], steps[0] + 1)],
      ticks: 5,
      tickFormat: "~s",
      label: borders.length > 0 ? "step, all half-iterations" : "step",
      labelAnchor: "center",
      labelOffset: 36,
      labelArrow: "none",
    },
    y: {
      label: `${metric} (line: mean, band: range)`,
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

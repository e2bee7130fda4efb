// Curves over a common axis; charts of one group move their cursors and zoom together.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { digits, tickText } from "../lib/format.js";
import { cssColor, fadeColor } from "./theme.js";

/** Values of a curve at the places of its axis; null: none. */
export type Values = (number | null)[];

/** A labelled curve with its colour. */
export interface Curve {
  label: string;
  y: Values;
  color: string;
  dash?: number[];
  raw?: boolean;
  points?: boolean;
}

interface ChartProps {
  title: string;
  x: number[];
  curves: readonly Curve[];
  xLabel: string;
  log?: boolean;
  marks?: readonly { x: number; label: string }[];
  group: string;
}

const height = 250;
/** A logarithmic axis of a smaller range has hardly a tick. */
const leastLogRange = 5;

/** Whether the axis of positive values is logarithmic. */
function hasLogAxis({ log = false, curves }: ChartProps): boolean {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const value of curves.flatMap(({ y }) => y))
    if (value != null) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  return log && high / low >= leastLogRange;
}

/** Drag over a part to enlarge it; a double click shows all. */
export function Chart(props: ChartProps) {
  const { title, curves, x } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const now = useRef(props);
  now.current = props;
  const shape = JSON.stringify([
    curves.map(({ label, color, dash, raw, points }) => [label, color, dash, raw, points]),
    [hasLogAxis(props), props.xLabel, props.group],
  ]);

  useEffect(() => {
    const element = place.current as HTMLDivElement;
    const made = new uPlot(optionsOf(now, element), dataOf(now.current), element);
    plot.current = made;
    element.querySelector("canvas")?.setAttribute("role", "img");
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    // Colours change with the theme, and the width on paper.
    const media = [matchMedia("(prefers-color-scheme: dark)"), matchMedia("print")];
    const redraw = () => made.setSize({ width: element.clientWidth, height });
    for (const query of media) query.addEventListener("change", redraw);
    return () => {
      for (const query of media) query.removeEventListener("change", redraw);
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);

  useEffect(() => {
    if (plot.current) setData(plot.current, now.current);
    const last = curves
      .filter(({ raw }) => !raw)
      .map(({ label, y }) => `${label} ${digits(y.findLast((v) => v != null))}`);
    place.current
      ?.querySelector("canvas")
      ?.setAttribute("aria-label", `${title}: ${last.join(", ")}`);
  }, [x, curves, shape]);

  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={place} />
    </figure>
  );
}

function dataOf({ x, curves }: ChartProps): uPlot.AlignedData {
  return [x, ...curves.map(({ y }) => y)] as uPlot.AlignedData;
}

/** New points extend the axis, unless a part of it is enlarged. */
function setData(plot: uPlot, props: ChartProps): void {
  const [before] = plot.data;
  const { min, max } = plot.scales.x;
  const isWhole = min === before[0] && max === before.at(-1);
  plot.setData(dataOf(props), isWhole || before.length < 2);
}

/** The value at the cursor in a legend; without a cursor the last one. */
function legendText(plot: uPlot, value: number | null, series: number, at: number | null): string {
  const values = plot.data[series] as Values;
  return digits(at === null ? values.findLast((one) => one != null) : value);
}

function optionsOf(now: { current: ChartProps }, element: HTMLElement): uPlot.Options {
  const { curves, group, xLabel } = now.current;
  const series = curves.map(
    ({ label, color, dash = [], raw = false, points = false }): uPlot.Series => ({
      label,
      stroke: () => (raw ? fadeColor(cssColor(color), 0.35) : cssColor(color)),
      width: raw ? 1 : 2,
      dash,
      points: { show: points, size: 6 },
      value: legendText,
      class: raw ? "unnamed" : "named",
    }),
  );
  const axis = (extra: uPlot.Axis): uPlot.Axis => ({
    stroke: () => cssColor("faint"),
    grid: { stroke: () => cssColor("rule"), width: 1 },
    ticks: { stroke: () => cssColor("rule"), width: 1 },
    font: "12px system-ui, sans-serif",
    ...extra,
  });
  return {
    width: Math.max(200, element.clientWidth),
    height,
    series: [{ label: xLabel, value: legendText }, ...series],
    axes: [
      axis({ label: xLabel, labelSize: 18, labelFont: "12px system-ui, sans-serif", size: 34 }),
      axis({
        size: 62,
        values: (_, ticks) => ticks.map((v) => (v === null ? "" : tickText(v))),
      }),
    ],
    scales: { x: { time: false }, y: hasLogAxis(now.current) ? { distr: 3, range: logRange } : {} },
    // Variables, since the theme of a page may change.
    legend: {
      live: true,
      markers: { stroke: (_, i) => `var(--${curves[i - 1]?.color ?? "faint"})` },
    },
    cursor: {
      sync: { key: group, scales: ["x", null] },
      drag: { x: true, y: false },
      points: { size: 7 },
    },
    hooks: { drawClear: [(plot) => drawMarks(plot, now.current.marks ?? [])] },
  };
}

function logRange(_: uPlot, min: number, max: number): [number, number] {
  if (!(min > 0) || !(max > 0)) return [0.1, 1];
  if (min === max) return [min / 2, max * 2];
  const power = 10 ** Math.floor(Math.log10(min / 1.15));
  return [Math.floor(min / 1.15 / power) * power, max * 1.15];
}

function drawMarks(plot: uPlot, marks: readonly { x: number; label: string }[]): void {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = cssColor("rule");
  ctx.fillStyle = cssColor("faint");
  ctx.font = `${11 * scale}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  let free = Number.NEGATIVE_INFINITY;
  for (const { x, label } of marks) {
    const at = Math.round(plot.valToPos(x, "x", true));
    if (at < bbox.left || at > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.setLineDash([3 * scale, 3 * scale]);
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
    if (at < free) continue;
    ctx.fillText(label, at + 3 * scale, bbox.top + 11 * scale);
    free = at + ctx.measureText(label).width + 8 * scale;
  }
  ctx.restore();
}

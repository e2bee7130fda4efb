// Curves over a common axis, with a band between least and greatest values, a zoom that neighbours share, and keys
// for those without a mouse.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { digits, tickDigits } from "../lib/format.js";
import { cssColor, faint } from "./theme.js";

export type Values = (number | null)[];

export interface Curve {
  label: string;
  y: Values;
  color: string;
  dash?: number[];
  raw?: boolean;
  /** Filled between these. */
  band?: { min: Values; max: Values };
  points?: boolean;
}

export interface Range {
  min: number;
  max: number;
}

export interface ChartProps {
  title: string;
  x: number[];
  curves: readonly Curve[];
  xLabel: string;
  log?: boolean;
  /** The visible part of the x axis; null: all. */
  range: Range | null;
  onRange(range: Range | null): void;
  marks?: readonly { x: number; label: string }[];
  /** Charts of one group move their cursors together. */
  group: string;
}

const height = 250;

export function Chart(props: ChartProps) {
  const { title, curves, x, range } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const now = useRef(props);
  now.current = props;
  const shape = JSON.stringify([
    curves.map(({ label, color, dash, raw, band, points }) => [
      label,
      color,
      dash,
      raw,
      !!band,
      points,
    ]),
    [props.log, props.xLabel, props.group],
  ]);

  useEffect(() => {
    const element = place.current as HTMLDivElement;
    const made = new uPlot(optionsOf(now, element), dataOf(now.current), element);
    plot.current = made;
    const canvas = element.querySelector("canvas");
    canvas?.setAttribute("role", "img");
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    const redraw = () => made.redraw();
    addEventListener("themechange", redraw);
    return () => {
      removeEventListener("themechange", redraw);
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);

  useEffect(() => {
    plot.current?.setData(dataOf(now.current), false);
    setRange(plot.current, now.current);
    const last = curves
      .filter(({ raw }) => !raw)
      .map(({ label, y }) => `${label} ${digits(y.findLast((v) => v != null))}`);
    place.current
      ?.querySelector("canvas")
      ?.setAttribute("aria-label", `${title}: ${last.join(", ")}`);
  }, [x, curves, range?.min, range?.max, shape]);

  return (
    <figure
      class="chart"
      tabIndex={0}
      onKeyDown={(event) => onKey(event, plot.current, now.current)}
    >
      <figcaption>{title}</figcaption>
      <div ref={place} />
    </figure>
  );
}

function dataOf({ x, curves }: ChartProps): uPlot.AlignedData {
  const columns = curves.flatMap(({ y, band }) => (band ? [band.min, band.max, y] : [y]));
  return [x, ...columns] as uPlot.AlignedData;
}

function setRange(plot: uPlot | null, { x, range }: ChartProps): void {
  if (!plot) return;
  const first = x[0] ?? 0;
  const last = x.at(-1) ?? 1;
  const [min, max] = range ? [range.min, range.max] : [first, last];
  plot.setScale("x", max > min ? { min, max } : { min: min - 1, max: max + 1 });
}

function optionsOf(now: { current: ChartProps }, element: HTMLElement): uPlot.Options {
  const { curves, log, group, xLabel } = now.current;
  const series: uPlot.Series[] = [{ label: xLabel, value: (_, v) => digits(v) }];
  const bands: uPlot.Band[] = [];
  for (const { label, color, dash = [], raw = false, band, points = false } of curves) {
    if (band) {
      const edge = {
        show: true,
        stroke: "transparent",
        width: 0,
        points: { show: false },
        class: "unnamed",
      };
      series.push({ ...edge, label: `${label} least` }, { ...edge, label: `${label} most` });
      bands.push({
        series: [series.length - 1, series.length - 2],
        fill: () => faint(cssColor(color), 0.22),
      });
    }
    series.push({
      label,
      stroke: () => (raw ? faint(cssColor(color), 0.35) : cssColor(color)),
      width: raw ? 1 : 2,
      dash,
      points: { show: points, size: 6 },
      value: (_, v) => digits(v),
      class: raw ? "unnamed" : "named",
    });
  }
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
    series,
    bands,
    axes: [
      axis({ label: xLabel, labelSize: 18, labelFont: "12px system-ui, sans-serif", size: 34 }),
      axis({
        size: 62,
        values: (_, ticks) => {
          const n = tickDigits(ticks);
          return ticks.map((v) => (v === null ? "" : digits(v, n)));
        },
      }),
    ],
    scales: { x: { time: false }, y: log ? { distr: 3, range: logRange } : {} },
    legend: { live: true },
    cursor: {
      sync: { key: group, scales: ["x", null] },
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          now.current.onRange(null);
          return null;
        },
      },
      points: { size: 7 },
    },
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 4) return;
          now.current.onRange({
            min: plot.posToVal(left, "x"),
            max: plot.posToVal(left + width, "x"),
          });
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      drawClear: [(plot) => drawMarks(plot, now.current.marks ?? [])],
    },
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

function onKey(event: KeyboardEvent, plot: uPlot | null, { x, range, onRange }: ChartProps): void {
  if (!plot || x.length === 0) return;
  const whole = { min: x[0] as number, max: x.at(-1) as number };
  const { min, max } = range ?? whole;
  const center =
    plot.cursor.idx == null ? (min + max) / 2 : (x[plot.cursor.idx] ?? (min + max) / 2);
  const scaled = (factor: number) => ({
    min: Math.max(whole.min, center - (center - min) * factor),
    max: Math.min(whole.max, center + (max - center) * factor),
  });
  const move = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
  if (event.key === "+" || event.key === "=") onRange(scaled(0.5));
  else if (event.key === "-") {
    const next = scaled(2);
    onRange(next.min <= whole.min && next.max >= whole.max ? null : next);
  } else if (event.key === "0") onRange(null);
  else if (move !== 0 && event.shiftKey) {
    const by = (move * (max - min)) / 4;
    onRange({ min: min + by, max: max + by });
  } else if (move !== 0) {
    const index = x.findIndex((v) => v >= min);
    const from = plot.cursor.idx ?? Math.max(0, index);
    const idx = Math.max(0, Math.min(x.length - 1, from + move));
    const left = plot.valToPos(x[idx] as number, "x");
    plot.setCursor({ left, top: plot.bbox.height / devicePixelRatio / 2 });
  } else return;
  event.preventDefault();
}

// The drawing of a metric in a line of a table or below a verdict: one scale from real data (0) to no bridge (1).

import { digits } from "@dsbm/files";
import type { MetricRow } from "../run/quality.js";
import { type Html, html } from "./page/html.js";
import { rowWords } from "./words.js";

const margin = 12;
const height = 16;

/** Remaining shares of the distance from ceiling to floor. */
interface Scale {
  value: number;
  interval: readonly [low: number, high: number] | null;
  floor: readonly [low: number, high: number] | null;
}

/**
 * The shares of a metric, its interval and its floor on one scale: the scale of its excess, which the sentences quote, or
 * of the values. Returns null for a metric without floor and ceiling.
 */
function scaleOf(row: MetricRow): Scale | null {
  const { value, interval, floor, floor_interval, ceiling, better, excess } = row;
  if (floor === null || ceiling === null || better === "target") return null;
  if (excess && Number.isFinite(excess.value))
    return {
      value: excess.value,
      interval: [excess.low, excess.high],
      floor: excess.floor === undefined ? null : [0, excess.floor],
    };
  const shareOf = (x: number) => (x - floor) / (ceiling - floor);
  if (!Number.isFinite(shareOf(value))) return null;
  const sharesOf = (range: readonly [number, number] | null | undefined) =>
    range ? ([shareOf(range[0]), shareOf(range[1])] as const) : null;
  return {
    value: shareOf(value),
    interval: sharesOf(interval),
    floor: sharesOf(floor_interval),
  };
}

/** A bar as lines and a dot, for reports and the studio. */
export interface BarShape {
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** The alternative text. */
  text: string;
  /** Lines by their class, from the back to the front. */
  lines: { kind: string; path: string }[];
  /** The place of the value. */
  dot: { x: string; y: number };
}

/**
 * A metric between its floor and its ceiling; its alternative text is the `text` next to it (default: the title and the
 * finding). Null without both.
 */
export function barShape(
  row: MetricRow,
  { width = 130, text }: { width?: number; text?: string } = {},
): BarShape | null {
  const scale = scaleOf(row);
  return scale && shapeOf(scale, { width, text: text || `${row.title}: ${barText(row, scale)}` });
}

/** The lines and the dot of a scale. */
function shapeOf(scale: Scale, { width, text }: { width: number; text: string }): BarShape {
  const at = (share: number) =>
    Math.min(width, Math.max(0, margin + share * (width - 2 * margin))).toFixed(1);
  const y = height / 2;
  const band = (kind: string, range: Scale["interval"]) =>
    range ? [{ kind, path: `M${at(range[0])},${y}H${at(range[1])}` }] : [];
  const mark = (kind: string, share: number) => ({ kind, path: `M${at(share)},2V14` });
  return {
    width,
    height,
    text,
    lines: [
      { kind: "line", path: `M${at(0)},${y}H${at(1)}` },
      ...band("floor wide", scale.floor),
      mark("floor", 0),
      mark("ceiling", 1),
      ...band("value band", scale.interval),
    ],
    dot: { x: at(scale.value), y },
  };
}

/** The bar of a report. */
export function drawBar({ width, height, text, lines, dot }: BarShape): Html {
  const paths = lines.map(({ kind, path }) => html`<path class="${kind}" d="${path}"/>`);
  return html`<svg class="bar" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${text}">${paths}<circle class="value" cx="${dot.x}" cy="${dot.y}" r="3.5"/></svg>`;
}

/** A bar with the name of its metric above, and the scores of real data and of no bridge at its ends. */
export interface LabelledBar {
  /** The title of the metric. */
  title: string;
  /** The value and the finding: "0.31: 80 % of the way". */
  finding: string;
  /** What to draw. */
  shape: BarShape;
  /** The names and scores of the floor and the ceiling. */
  ends: readonly [floor: string, ceiling: string];
}

/** The bar of a metric with its labels; null without floor and ceiling. */
export function labelledBar(
  row: MetricRow,
  names = { floor: "real data", ceiling: "no bridge" },
): LabelledBar | null {
  const { title, value, floor, ceiling } = row;
  const scale = scaleOf(row);
  if (!scale) return null;
  const text = barText(row, scale);
  return {
    title,
    finding: `${digits(value)}: ${text}`,
    shape: shapeOf(scale, { width: 320, text }),
    ends: [`${names.floor} ${digits(floor)}`, `${names.ceiling} ${digits(ceiling)}`],
  };
}

/** The labelled bar of a report. */
export const drawLabelledBar = ({ title, finding, shape, ends }: LabelledBar): Html =>
  html`<figure class="scale"><figcaption><b>${title}</b> ${finding}</figcaption>${drawBar(shape)}
<div class="ends">${ends.map((end) => html`<span>${end}</span>`)}</div></figure>`;

const barText = (row: MetricRow, { value }: Scale): string =>
  rowWords(row) || `${digits(100 * value, 2)} % of the distance is left`;

// The drawing of a metric in a line of a table or below a verdict: one scale from real data (0) to no bridge (1).

import { digits } from "../numbers.js";
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
  if (excess)
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

/** A metric between its floor and its ceiling; its alternative text is the `text` next to it. Null without both. */
export function bar(
  row: MetricRow,
  { width = 130, text }: { width?: number; text?: string } = {},
): Html | null {
  const scale = scaleOf(row);
  if (!scale) return null;
  const at = (share: number) =>
    Math.min(width, Math.max(0, margin + share * (width - 2 * margin))).toFixed(1);
  const y = height / 2;
  const band = (kind: string, range: Scale["interval"]) =>
    range && html`<path class="${kind}" d="M${at(range[0])},${y}H${at(range[1])}"/>`;
  const mark = (kind: string, share: number) =>
    html`<path class="${kind}" stroke-width="2" d="M${at(share)},2V14"/>`;
  return html`<svg class="bar" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${text || barText(row, scale)}">
<path class="line" stroke-width="2" d="M${at(0)},${y}H${at(1)}"/>${band("floor wide", scale.floor)}${mark("floor", 0)}${mark("ceiling", 1)}${band("value band", scale.interval)}<circle class="value" cx="${at(scale.value)}" cy="${y}" r="3.5"/></svg>`;
}

/** A bar with the name of its metric above, and the scores of real data and of no bridge at its ends. */
export function labelledBar(
  row: MetricRow,
  ends = { floor: "real data", ceiling: "no bridge" },
): Html | null {
  const { title, value, floor, ceiling } = row;
  const drawing = bar(row, { width: 320 });
  const scale = scaleOf(row);
  if (!drawing || !scale) return null;
  return html`<figure class="scale"><figcaption><b>${title}</b> ${digits(value)}: ${barText(row, scale)}</figcaption>${drawing}
<div class="ends"><span>${ends.floor} ${digits(floor)}</span><span>${ends.ceiling} ${digits(ceiling)}</span></div></figure>`;
}

const barText = (row: MetricRow, { value }: Scale): string =>
  rowWords(row) || `${digits(100 * value, 2)} % of the distance is left`;

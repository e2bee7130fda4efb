// The drawing of a metric in a line of a table or below a verdict.
import type { MetricRow } from "../run/quality.js";
import { type Html, html } from "./page/html.js";
import { digits } from "./page/numbers.js";

const margin = 12;
const height = 16;

/** A metric between its floor and its ceiling. Returns null for a metric without both. */
export function bar(row: MetricRow, width = 130): Html | null {
  const { value, interval, floor, floor_interval, ceiling, better, excess } = row;
  if (floor === null || ceiling === null || better === "target") return null;
  const shareOf = (x: number) => (x - floor) / (ceiling - floor);
  const left = shareOf(value);
  if (!Number.isFinite(left)) return null;
  const at = (share: number) =>
    Math.min(width, Math.max(0, margin + share * (width - 2 * margin))).toFixed(1);
  const y = height / 2;
  const band = (kind: string, range: readonly number[] | null | undefined) =>
    range && html`<path class="${kind}" d="M${at(range[0] ?? 0)},${y}H${at(range[1] ?? 0)}"/>`;
  const ofValue = excess ? [excess.low, excess.high] : interval?.map(shareOf);
  const mark = (kind: string, share: number) =>
    html`<path class="${kind}" stroke-width="2" d="M${at(share)},2V14"/>`;
  return html`<svg class="bar" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${digits(100 * left, 2)} % from floor to ceiling">
<path class="line" stroke-width="2" d="M${at(0)},${y}H${at(1)}"/>${band("floor wide", floor_interval?.map(shareOf))}${mark("floor", 0)}${mark("ceiling", 1)}${band("value band", ofValue)}<circle class="value" cx="${at(excess?.value ?? left)}" cy="${y}" r="3.5"/></svg>`;
}

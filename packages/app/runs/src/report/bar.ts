import type { MetricRow } from "../run/quality.js";
import { judge } from "./judge.js";
import { digits } from "./page/digits.js";
import { type Html, html } from "./page/html.js";

const margin = 12;
const height = 16;

/** Returns null for a metric without a floor or a ceiling. */
export function bar(row: MetricRow, { width = 130 }: { width?: number } = {}): Html | null {
  const { left } = judge(row);
  const { interval, floor, floor_interval, ceiling, better, excess } = row;
  if (left === null || !Number.isFinite(left) || better === "target") return null;
  const at = (share: number) =>
    (margin + Math.min(1.08, Math.max(-0.08, share)) * (width - 2 * margin)).toFixed(1);
  const shareOf = (x: number) => (x - Number(floor)) / (Number(ceiling) - Number(floor));
  const y = height / 2;
  const band = (kind: string, range: readonly number[] | null | undefined) =>
    range && html`<path class="${kind}" d="M${at(range[0] ?? 0)},${y}H${at(range[1] ?? 0)}"/>`;
  const ofValue = excess ? [excess.low, excess.high] : interval?.map(shareOf);
  const mark = (kind: string, share: number) =>
    html`<path class="${kind}" stroke-width="2" d="M${at(share)},2V14"/>`;
  return html`<svg class="bar" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${digits(100 * left, 2)} % from floor to ceiling">
<path class="line" stroke-width="2" d="M${at(0)},${y}H${at(1)}"/>${band("floor wide", floor_interval?.map(shareOf))}${mark("floor", 0)}${mark("ceiling", 1)}${band("value band", ofValue)}<circle class="value" cx="${at(excess?.value ?? left)}" cy="${y}" r="3.5"/></svg>`;
}

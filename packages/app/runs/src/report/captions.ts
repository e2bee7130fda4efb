// Captions of figures, computed from their numbers.

import { digits, percent } from "@dsbm/files";
import type { FrameCount } from "../figure/axes.js";
import type { AxisUnits } from "../figure/axis-units.js";
import type { CategoryShares, Histogram } from "../figure/points-file.js";
import type { MetricRow } from "../run/quality.js";
import { gradeText } from "../run/verdict.js";

/** "sliced 2-Wasserstein 0.24, real data 0.20, no bridge 2.22" */
function againstData(
  { title, value, floor, ceiling, better, target }: MetricRow,
  name = title,
): string {
  const parts = [`${name} ${digits(value)}`];
  if (floor !== null) parts.push(`real data ${digits(floor)}`);
  else if (better === "target" && target !== undefined) parts.push(`expected ${digits(target)}`);
  if (ceiling !== null && better !== "target") parts.push(`no bridge ${digits(ceiling)}`);
  return parts.join(", ");
}

/** How close generated rows are, with the grade. */
export function closeness(row: MetricRow, name?: string): string {
  const text = againstData(row, name);
  return row.grade
    ? `${gradeText(row.grade)}: ${text}.`
    : `${text[0]?.toUpperCase()}${text.slice(1)}.`;
}

/** The points that a frame leaves out; "" if it has all. */
export const cutText = ({ outside, all }: FrameCount): string =>
  outside === 0
    ? ""
    : `The frame leaves out ${digits(outside)} of ${digits(all)} points, which are far away.`;

/** Quantiles of a histogram, by the shares of its bins. */
function quantileOf(shares: readonly number[], low: number, width: number, level: number): number {
  const total = shares.reduce((sum, share) => sum + share, 0) || 1;
  let before = 0;
  for (const [i, share] of shares.entries()) {
    const part = share / total;
    if (before + part >= level && part > 0) return low + (i + (level - before) / part) * width;
    before += part;
  }
  return low + shares.length * width;
}

/** Differences of quantiles above this share of the width of the data are named. */
const visibleShare = 0.08;

/** Describes the difference of two shapes by its numbers. */
function shapeText(
  { low, high, generated, ...shares }: Histogram,
  reference: "source" | "target",
  toUnits: (x: number) => number,
): string {
  const data = shares[reference];
  const width = (high - low) / generated.length;
  const at = (bins: readonly number[], level: number) =>
    toUnits(quantileOf(bins, low, width, level));
  const quantiles = (bins: readonly number[]) => [0.05, 0.5, 0.95].map((level) => at(bins, level));
  const made = quantiles(generated);
  const real = quantiles(data);
  const spread = real[2] - real[0] || Math.abs(toUnits(high) - toUnits(low));
  const [lower, middle, upper] = made.map((x, i) => (x - real[i]) / spread);
  const instead = (i: number, what: string) =>
    `${what} ${digits(made[i])} instead of ${digits(real[i])}`;
  const range = ([a, , b]: readonly number[]) => `${digits(a)} to ${digits(b)}`;
  const ranges = `90 % of the rows are in ${range(made)}, of real data in ${range(real)}`;
  const isUp = Math.min(lower, upper) > visibleShare / 2;
  const isDown = Math.max(lower, upper) < -visibleShare / 2;
  if (Math.abs(middle) > visibleShare && (isUp || isDown))
    return `values are too ${isUp ? "high" : "low"}: ${instead(1, "median")}`;
  if (lower > visibleShare && upper < -visibleShare) return `too narrow: ${ranges}`;
  if (lower < -visibleShare && upper > visibleShare) return `too wide: ${ranges}`;
  if (Math.abs(upper) > Math.max(visibleShare, Math.abs(lower)))
    return `the upper tail is too ${upper < 0 ? "short" : "long"}: ${instead(2, "95 % of the rows are below")}`;
  if (Math.abs(lower) > visibleShare)
    return `the lower tail is too ${lower > 0 ? "short" : "long"}: ${instead(0, "5 % of the rows are below")}`;
  if (Math.abs(middle) > visibleShare) return instead(1, "median");
  return farthestBin({ low, width, generated, data, toUnits });
}

/** The bin with the largest difference of shares. */
function farthestBin({
  low,
  width,
  generated,
  data,
  toUnits,
}: {
  low: number;
  width: number;
  generated: readonly number[];
  data: readonly number[];
  toUnits: (x: number) => number;
}): string {
  const gaps = generated.map((share, i) => share - data[i]);
  const i = gaps.reduce((most, gap, k) => (Math.abs(gap) > Math.abs(gaps[most]) ? k : most), 0);
  const from = toUnits(low + i * width);
  const to = toUnits(low + (i + 1) * width);
  return `from ${digits(from)} to ${digits(to)} are ${percent(generated[i])} of the rows instead of ${percent(data[i])}`;
}

const isClose = ({ grade, value, floor }: MetricRow): boolean =>
  grade === "good" || (floor !== null && value <= floor);

/** A distance below this multiple of the floor is near it. */
const nearFactor = 1.3;

const isNear = ({ grade, value, floor }: MetricRow): boolean =>
  grade === "likely" || (floor !== null && value <= nearFactor * floor);

/** What is said of a distance up to the one of real data; with the ceiling, if the row cannot be judged. */
const closeText = (distance: string, row: MetricRow): string =>
  row.grade === "undecided" && row.ceiling !== null
    ? withGrade(`${distance}, no bridge ${digits(row.ceiling)}.`, row)
    : withGrade(`as real data: ${distance}.`, row);

/** "✗ poor: the upper tail is too short: 95 % of the rows are below 31 instead of 48; distance 1.1, real data 0.6." */
export function histogramCaption(
  histogram: Histogram,
  { units, reference, row }: { units: AxisUnits; reference: "source" | "target"; row?: MetricRow },
): string {
  const distance = row ? `distance ${digits(row.value)}, real data ${digits(row.floor)}` : "";
  if (row && isClose(row)) return closeText(distance, row);
  const shape = shapeText(histogram, reference, (x) => units.value(histogram.column, x));
  if (row && isNear(row))
    return withGrade(`nearly as real data: ${distance}. The largest difference: ${shape}.`, row);
  return withGrade(`${shape}${distance && `; ${distance}`}.`, row);
}

/** A caption of a column after its grade, by which columns are sorted. */
const withGrade = (text: string, row?: MetricRow): string =>
  row?.grade
    ? `${gradeText(row.grade)}: ${text}`
    : `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** "Of b are 12 % of the generated rows, 25 % of real data; 13 % of the rows have another level than they should." */
export function categoryCaption(
  { levels, generated, ...shares }: CategoryShares,
  { reference, row }: { reference: "source" | "target"; row?: MetricRow },
): string {
  const data = shares[reference];
  const gaps = generated.map((share, k) => share - data[k]);
  const k = gaps.reduce((most, gap, i) => (Math.abs(gap) > Math.abs(gaps[most]) ? i : most), 0);
  const off = gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / 2;
  const floor = row && row.floor !== null ? `, real data ${percent(row.floor)}` : "";
  const total = `${percent(row?.value ?? off)} of the rows have too many of their level${floor}.`;
  if (row && isClose(row)) return closeText(total.slice(0, -1), row);
  const farthest = `${levels[k]}: ${percent(generated[k])} instead of ${percent(data[k])}`;
  return `${row?.grade ? `${gradeText(row.grade)}. ` : ""}${farthest}. In all, ${total}`;
}

// How a metric stands between its floor (the best that can be expected) and its ceiling (no bridge at all), in words.
import type { MetricRow } from "../run/quality.js";
import { digits, percent } from "./page/digits.js";

/** good: as good as the data allow; fair: most of the way; poor: less; none: nothing that it must reach. */
type Grade = "good" | "fair" | "poor" | "none";

export interface Verdict {
  grade: Grade;
  /** Without a capital and a full stop. */
  words: string;
  /** The value over its floor, or the floor over the value where more is better; null where that says nothing. */
  ratio: number | null;
  /** What is left of the way from ceiling to floor: 0 at the floor, 1 at the ceiling; null where one is missing. */
  left: number | null;
}

const reachable: readonly string[] = ["ends", "columns", "holdout"];

const isKnown = (x: number | null | undefined): x is number => Number.isFinite(x);

export function judge(row: MetricRow): Verdict {
  const { value, floor, ceiling, better, target } = row;
  const isHigher = better === "higher";
  const isPositive = isKnown(floor) && floor > 0 && value > 0;
  const ratio = isPositive ? (isHigher ? floor / value : value / floor) : null;
  const hasWay = isKnown(floor) && isKnown(ceiling) && floor !== ceiling;
  const left = hasWay ? (value - floor) / (ceiling - floor) : null;
  const say = (grade: Grade, words: string): Verdict => ({ grade, words, ratio, left });
  if (!isKnown(value)) return say("poor", "not a finite number");
  if (better === "target" && isKnown(target)) return say(...judgeTarget(row, target));
  if (!isKnown(floor)) return say("none", "");
  // As of a metric that should be low.
  const sign = isHigher ? -1 : 1;
  const best = Math.min(...(row.interval ?? [value]).map((x) => sign * x));
  const worst = Math.max(...(row.interval ?? [value]).map((x) => sign * x));
  const isReached = best <= Math.max(...(row.floor_interval ?? [floor]).map((x) => sign * x));
  if (isReached && isKnown(ceiling) && worst >= sign * ceiling)
    return say("none", "floor and ceiling both lie in the interval");
  const isMeant = reachable.includes(row.group);
  const isNear = ratio !== null && ratio <= 1.25 && (left === null || left < 0.5);
  if (isReached || isNear)
    return say("good", isMeant ? "as good as two halves of the data" : "as good as the floor");
  const times = ratio === null ? [] : [`${digits(ratio, 2)} times the floor`];
  if (!isMeant) return say("none", times.join());
  if (left !== null && left >= 0.95) return say("poor", "no better than no bridge");
  if (ratio !== null && ratio <= 2) return say("fair", times.join());
  if (left === null) return say("poor", times.join());
  const words = [`${percent(1 - left)} of the way`, ...times].join("; ");
  return say(left <= 0.2 ? "fair" : "poor", words);
}

function judgeTarget({ value, interval }: MetricRow, target: number): [Grade, string] {
  const [low, high] = interval ?? [value, value];
  const isInside = low <= target && target <= high;
  const off = Math.abs(value - target) / Math.max(Math.abs(target), 1e-12);
  const expected = `expected ${digits(target)}`;
  if (isInside && off > 0.3) return ["none", `${expected}; the interval is wide`];
  if (isInside || off < 0.1) return ["good", `as it should be (${expected})`];
  return [off < 0.5 ? "fair" : "poor", expected];
}

/** The columns from the worst to the best in either direction, by their metric over its floor. */
export function worstColumns(rows: readonly MetricRow[]): string[] {
  const ratios = new Map<string, number>();
  for (const row of rows) {
    if (row.group !== "columns" || row.column === undefined) continue;
    const ratio = judge(row).ratio ?? 0;
    ratios.set(row.column, Math.max(ratios.get(row.column) ?? 0, ratio));
  }
  return [...ratios].sort(([, a], [, b]) => b - a).map(([name]) => name);
}

/** The metric that a direction is known by: the first of its ends. */
export function mainMetric(
  rows: readonly MetricRow[],
  direction: MetricRow["direction"],
): MetricRow | undefined {
  const ends = rows.filter((row) => row.group === "ends" && row.direction === direction);
  return ends.find(({ name }) => name === "sliced_w2") ?? ends[0];
}

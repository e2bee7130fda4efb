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

/** Groups whose floor is other data of the same kind: what a good bridge reaches. */
const reachable: readonly string[] = ["ends", "columns", "holdout"];

export function judge(row: MetricRow): Verdict {
  const { value, floor, ceiling, better, target, group } = row;
  const [low, high] = row.interval ?? [value, value];
  const [floorLow, floorHigh] = row.floor_interval ?? [floor, floor];
  const isHigher = better === "higher";
  const known = (x: number | null | undefined): x is number => Number.isFinite(x);
  const isPositive = known(floor) && floor > 0 && value > 0;
  const ratio = isPositive ? (isHigher ? floor / value : value / floor) : null;
  const hasWay = known(floor) && known(ceiling) && floor !== ceiling;
  const left = hasWay ? (value - floor) / (ceiling - floor) : null;
  const say = (grade: Grade, words: string): Verdict => ({ grade, words, ratio, left });
  if (!known(value)) return say("poor", "not a finite number");
  if (better === "target" && known(target)) {
    const isInside = low <= target && target <= high;
    const off = Math.abs(value - target) / Math.max(Math.abs(target), 1e-12);
    const expected = `expected ${digits(target)}`;
    if (isInside && off > 0.3) return say("none", `${expected}; the interval is wide`);
    if (isInside || off < 0.1) return say("good", `as it should be (${expected})`);
    return say(off < 0.5 ? "fair" : "poor", expected);
  }
  if (!known(floor)) return say("none", "");
  const reaches = isHigher ? high >= (floorLow ?? floor) : low <= (floorHigh ?? floor);
  const isMeant = reachable.includes(group);
  const isWide = known(ceiling) && (isHigher ? low <= ceiling : high >= ceiling);
  if (reaches && isWide) return say("none", "floor and ceiling both lie in the interval");
  const isNear = ratio !== null && ratio <= 1.25 && (left === null || left < 0.5);
  if (reaches || isNear)
    return say("good", isMeant ? "as good as two halves of the data" : "as good as the floor");
  const times = ratio === null ? [] : [`${digits(ratio, 2)} times the floor`];
  if (!isMeant) return say("none", times.join());
  if (left !== null && left >= 0.95) return say("poor", "no better than no bridge");
  if (ratio !== null && ratio <= 2) return say("fair", times.join());
  if (left === null) return say("poor", times.join());
  const gone = `${percent(1 - left)} of the way`;
  return say(left <= 0.2 ? "fair" : "poor", [gone, ...times].join("; "));
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

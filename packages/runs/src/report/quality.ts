// What quality.json says, in words: each metric beside what two halves of the target give (the floor) and what no bridge
// at all gives (the ceiling).
import { digits, percent } from "./digits.js";
import type { Field } from "./record.js";

/** A line of quality.json. */
export interface QualityRow {
  metric: string;
  title: string;
  direction: string | null;
  value: number | null;
  /** Bootstrap interval of the value. */
  low: number | null;
  high: number | null;
  /** What two independent samples of the target give; null where that has no meaning. */
  floor: number | null;
  /** What no bridge gives; `about` says which. */
  ceiling: number | null;
  better: "lower" | "higher" | "target";
  target: number | null;
  /** The column that it is about. */
  column: string | null;
  group: string;
  about: string;
}

/** good: as good as the data allow; fair: most of the way; poor: less; none: nothing to compare with. */
export type Grade = "good" | "fair" | "poor" | "none";

export interface Verdict {
  grade: Grade;
  /** Without a capital and a full stop. */
  words: string;
  /** The value over its floor; null where there is none. */
  ratio: number | null;
}

/** How a value stands between its floor and its ceiling. */
export function judge(row: QualityRow): Verdict {
  const { value, low, high, floor, ceiling, better, target } = row;
  const say = (grade: Grade, words: string, ratio: number | null = null) => ({
    grade,
    words,
    ratio,
  });
  if (value === null) return say("none", "not measured");
  if (!Number.isFinite(value)) return say("poor", "not a number: the samples are not finite");
  if (better === "target" && target !== null) {
    const inside = (low ?? value) <= target && target <= (high ?? value);
    const off = Math.abs(value - target) / Math.max(Math.abs(target), 1e-12);
    const expected = `expected ${digits(target)}`;
    if (inside || off < 0.1) return say("good", `as it should be (${expected})`);
    return say(off < 0.5 ? "fair" : "poor", expected);
  }
  if (floor === null) return say("none", "");
  const isHigher = better === "higher";
  const ratio = isHigher ? floor / value : value / floor;
  const reaches = isHigher ? (high ?? value) >= floor : (low ?? value) <= floor;
  if (reaches || ratio <= 1.25) return say("good", "as good as two halves of the target", ratio);
  const times = Number.isFinite(ratio) ? `${digits(ratio, 2)} times the floor` : "the floor is 0";
  if (ratio <= 2) return say("fair", times, ratio);
  if (ceiling === null || ceiling === floor) return say("poor", times, ratio);
  const left = (value - floor) / (ceiling - floor);
  if (left >= 0.95) return say("poor", "no better than no bridge", ratio);
  const gone = `${percent(1 - left)} of the way from ceiling to floor; ${times}`;
  return say(left <= 0.2 ? "fair" : "poor", gone, ratio);
}

/** The rows of quality.json. */
export function qualityRows(quality: Field): QualityRow[] {
  return quality.at("rows").list.flatMap((row): QualityRow[] => {
    const [text, number] = [(key: string) => row.at(key).text, (key: string) => row.at(key).number];
    const metric = text("metric");
    if (metric === null) return [];
    const better = text("better");
    return [
      {
        metric,
        title: text("title") ?? metric,
        better: better === "higher" || better === "target" ? better : "lower",
        group: text("group") ?? "ends",
        about: text("about") ?? "",
        ...{ direction: text("direction"), column: text("column") },
        ...{ value: number("value"), low: number("low"), high: number("high") },
        ...{ floor: number("floor"), ceiling: number("ceiling"), target: number("target") },
      },
    ];
  });
}

/** The columns from the worst to the best in either direction, by their metric over its floor. */
export function worstColumns(rows: readonly QualityRow[]): string[] {
  const ratios = new Map<string, number>();
  for (const row of rows) {
    if (row.group !== "columns" || row.column === null) continue;
    const ratio = judge(row).ratio ?? 0;
    ratios.set(row.column, Math.max(ratios.get(row.column) ?? 0, ratio));
  }
  return [...ratios].sort(([, a], [, b]) => b - a).map(([name]) => name);
}

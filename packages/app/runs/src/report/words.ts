import { digits, percent } from "@dsbm/files";
import type { Excess, MetricRow } from "../run/quality.js";

/** "83 % of the way (71 to 90 %)"; `span` follows "way". */
export function wayWords({ value, low, high }: Excess, span = ""): string {
  const way = (left: number) => percent(reachedOf(left));
  return `${shareOfWay(value, span)} (${way(high)} to ${way(low)})`;
}

/** "71 % of the way" for the remaining share; `span` follows "way". */
export const shareOfWay = (left: number, span = ""): string =>
  `${percent(reachedOf(left))} of the way${span}`;

const reachedOf = (left: number): number => Math.min(1, Math.max(0, 1 - left));

/** A metric next to its floor and ceiling, as a clause without a capital and a full stop. */
export function rowWords(row: MetricRow): string {
  const { value, floor, better, target, excess, note } = row;
  if (!Number.isFinite(value)) return "not a finite number";
  // The least of many variances is below 1 even for the data.
  if (better === "target" && Number.isFinite(target)) return `expected ${digits(floor ?? target)}`;
  if (excess) return excessWords(row, excess);
  if (note !== undefined) return note;
  return floor !== null && floor > 0 && value > 0
    ? `${digits(value / floor, 2)} times the floor`
    : "";
}

function excessWords({ finding, grade }: MetricRow, excess: Excess): string {
  // Earlier versions wrote no finding.
  switch (finding ?? (grade === "good" ? "close" : "partway")) {
    case "few_rows":
      return "too few samples to tell the ceiling from the floor";
    case "no_better":
      return "no better than no bridge";
    case "close":
      return `at most ${percent(excess.high)} of the distance is left`;
    case "partway":
      return grade === "likely"
        ? `too few samples to be sure, at least ${shareOfWay(excess.high)}`
        : wayWords(excess);
  }
}

// The only rule for the grade of a row: of a metric, of a column, of a hold-out.
import type { Finding, Grade, MetricRow } from "@dsbm/runs";

/** A tenth of the distance is below the spread of most datasets. */
const nearShare = 0.1;
/**
 * A classifier needs a wider limit: the error of an accuracy falls as 1/√n however close the
 * samples are.
 */
const nearAccuracy = 0.2;
/** A bridge with half of the distance left is poor. */
export const farShare = 0.5;
/** Share of the ceiling from which on no bridge would do as well. */
export const uselessShare = 0.95;
/** The probability with which so many rows must tell the ceiling from the floor. */
export const leastPower = 0.8;
/** Factors between a variance and the variance to reach. */
const varianceFactors = { good: 1.25, partial: 2 };

/** The largest share of the distance that a good row leaves. */
export const nearOf = ({ role }: MetricRow): number =>
  role === "classifier" ? nearAccuracy : nearShare;

interface Judgement {
  /** Null if nothing must be reached, or if the interval is unknown. */
  grade: Grade | null;
  /** For a metric with a ceiling. */
  finding?: Finding;
  /** Whether the interval excludes "good". */
  isOff: boolean;
}

const isKnown = (x: number | null | undefined): x is number => Number.isFinite(x);

/** Compares a metric with its floor and ceiling. A grade that the row has already stays. */
export function judge(row: MetricRow): Judgement {
  const judgement = judgedByValue(row);
  const { grade } = judgement;
  return { ...judgement, grade: grade && (row.grade ?? grade) };
}

function judgedByValue(row: MetricRow): Judgement {
  const { value, floor, better, target, excess } = row;
  if (!isKnown(value)) return { grade: "poor", isOff: true };
  // The least of many variances is below 1 even for the data.
  if (better === "target" && isKnown(target)) return judgedByTarget(row, floor ?? target);
  return excess ? judgedByExcess(excess, nearOf(row)) : { grade: null, isOff: false };
}

function judgedByExcess(
  { value, low, high, power }: NonNullable<MetricRow["excess"]>,
  mark: number,
): Judgement {
  if (low >= uselessShare) return { grade: "poor", finding: "no_better", isOff: true };
  if (power < leastPower) return { grade: "undecided", finding: "few_rows", isOff: false };
  const isOff = low >= mark;
  if (high < mark) return { grade: "good", finding: "close", isOff: false };
  if (value < mark) return { grade: "likely", finding: "partway", isOff };
  if (high < farShare) return { grade: "partial", finding: "partway", isOff };
  return { grade: isOff && value >= farShare ? "poor" : "undecided", finding: "partway", isOff };
}

function judgedByTarget({ value, interval }: MetricRow, target: number): Judgement {
  if (!interval || target === 0) return { grade: null, isOff: false };
  const factors = interval.map((x) => Math.max(x / target, target / x, x > 0 ? 0 : Infinity));
  const isInside = interval[0] <= target && target <= interval[1];
  const largest = Math.max(...factors);
  const least = isInside ? 1 : Math.min(...factors);
  const isOff = least > varianceFactors.good;
  if (largest <= varianceFactors.good) return { grade: "good", isOff: false };
  const factor = Math.max(value / target, target / value);
  if (factor <= varianceFactors.good) return { grade: "likely", isOff };
  if (largest <= varianceFactors.partial) return { grade: "partial", isOff };
  const isFar = factor > varianceFactors.partial;
  return { grade: isOff && isFar ? "poor" : "undecided", isOff };
}

/** The rows with their grades and findings. */
export const gradedRows = (rows: readonly MetricRow[]): MetricRow[] =>
  rows.map((row) => {
    const { grade, finding } = judge(row);
    return { ...row, ...(grade !== null && { grade }), ...(finding && { finding }) };
  });

/** Compares the exact distances of one held-out time with the distances without a bridge. */
export function comparedRows(rows: readonly MetricRow[]): MetricRow[] {
  const nearest = rows.find(({ held_out }) => held_out?.protocol === "nearest");
  return rows.map((row) => {
    const { held_out, ceiling, value, interval } = row;
    if (!held_out || !nearest || row === nearest || ceiling === null) return row;
    const high = interval?.[1] ?? value;
    const isNoBetter = { line: high >= ceiling, nearest: high >= nearest.value };
    const misses = (["line", "nearest"] as const).filter((rival) => isNoBetter[rival]);
    return { ...row, held_out: { ...held_out, misses } };
  });
}

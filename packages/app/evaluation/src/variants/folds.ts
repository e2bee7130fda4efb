// Cross-validation: the rows of several trainings, each measured on the rows that it did not see.
import { average, deviation, type Excess, type MetricRow, type Quality } from "@dsbm/runs";
import type { VerdictFacts } from "../verdict/evidence.js";
import { gradedRows } from "../verdict/grade.js";
import { verdictOn } from "../verdict/verdict.js";

type Fold = Pick<Quality, "rows" | "verdicts">;

/** The mean rows of a cross-validation, and the verdicts on them. */
export function pooledFolds(folds: readonly Fold[], facts: Omit<VerdictFacts, "n_held_out">): Fold {
  const rows = gradedRows(pooledRows(folds.map((fold) => fold.rows)));
  const verdicts = (["f", "b"] as const).flatMap((direction) => {
    const own = folds.flatMap((fold) => fold.verdicts.filter((one) => one.direction === direction));
    const sum = (end: 0 | 1) => own.reduce((total, { n_held_out }) => total + n_held_out[end], 0);
    const n_held_out = [sum(0), sum(1)] as const;
    return verdictOn(direction, rows, { ...facts, n_held_out, folds: folds.length }) ?? [];
  });
  return { rows, verdicts };
}

/** A clear difference in one fold counts as much as no difference in another. */
const mostPower = 0.95;

/**
 * The means of rows over folds. Each fold is compared with its own held-out rows only: other rows were seen in training,
 * and would make generated rows look closer than they are.
 */
const pooledRows = (folds: readonly MetricRow[][]): MetricRow[] =>
  folds[0].flatMap((row) => {
    const isSame = ({ title, direction }: MetricRow) =>
      title === row.title && direction === row.direction;
    const same = folds.flatMap((rows) => rows.filter(isSame));
    return same.length === folds.length ? pooledRow(row, same) : [];
  });

function pooledRow(row: MetricRow, folds: readonly MetricRow[]): MetricRow {
  const list = (read: (row: MetricRow) => unknown) => folds.map((one) => Number(read(one)));
  const values = list(({ value }) => value);
  const halves = list(({ interval }) => interval && (interval[1] - interval[0]) / 2);
  const [low, high] = intervalOfMean(values, halves);
  const excesses = folds.flatMap(({ excess }) => excess ?? []);
  const { note } = folds.toSorted((a, b) => b.value - a.value)[0];
  return {
    ...row,
    grade: undefined,
    finding: undefined,
    note: note && `in the worst part: ${note}`,
    value: average(values),
    // Distances have no negative values.
    interval: row.interval && [Math.max(low, Math.min(0, row.interval[0])), high],
    floor: row.floor === null ? null : average(list(({ floor }) => floor)),
    floor_interval: null,
    ceiling: row.ceiling === null ? null : average(list(({ ceiling }) => ceiling)),
    excess: row.excess && pooledExcess(excesses),
  };
}

/**
 * The interval of a mean over folds. Held-out rows of folds differ, training rows are shared: the deviation between
 * folds counts if it is larger than within folds.
 */
function intervalOfMean(values: readonly number[], halves: readonly number[]): [number, number] {
  const root = Math.sqrt(values.length);
  const half = Math.max(Math.hypot(...halves) / root, 1.96 * deviation(values)) / root;
  return [average(values) - half, average(values) + half];
}

function pooledExcess(folds: readonly Excess[]): Excess {
  const { isSquared } = folds[0];
  // Squares of shares have no bias; an accuracy is no square.
  const exponent = isSquared ? 2 : 1;
  const list = (read: (excess: Excess) => number) => folds.map(read);
  const shares = list(({ value }) => value ** exponent);
  const halves = list(({ value, high }) => high ** exponent - value ** exponent);
  const [low, high] = intervalOfMean(shares, halves);
  const root = Math.sqrt(folds.length);
  // Stouffer's sum of tests, with the logistic distribution for the normal one.
  const odds = list(({ power }) => 1 / Math.min(power, mostPower) - 1).map(Math.log);
  // Noise of squares falls as the number of rows, but as the root of the number of folds.
  const more = average(list((excess) => excess.more ?? Infinity)) / root;
  return {
    value: average(shares) ** (1 / exponent),
    // Shares deviate much between folds if source and target are alike: farther than both bounds in each is farther.
    low: Math.max(folds.every((excess) => excess.low >= 1) ? 1 : 0, low) ** (1 / exponent),
    high: high ** (1 / exponent),
    power: 1 / (1 + Math.exp(root * average(odds))),
    more: Number.isFinite(more) ? Math.max(1, more) : null,
    isSquared,
  };
}

// Intervals of growth by cells: of estimated growth from halves of the rows and several lengths, and quantiles of resamples.
import { courseGrowth, type IntervalGrowth, inCells, kMeans, stream } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { type Generator, randint, randperm, type Tensor, tidy } from "@dsbm/torch";
import { type GrowthEstimate, likelyLengths } from "./growth-estimate.js";
import { type MassConfig, timeSpans } from "./masses.js";

/** Cells of a dataset's rows, with a 90 % interval of the mean growth rate of each. */
export interface GrowthCells {
  /** [cells, d], as networks take them. */
  centres: Tensor;
  /** Per unit of the user's time, until the next dataset (for the last: since the one before). */
  low: number[];
  high: number[];
}

/** Cells of a dataset, at most. */
export const mostCells = 12;
/** More rows cost more than they gain. */
const mostRowsOfHalf = 150;
const halvings = 8;
/** Standard errors of a 90 % interval. */
const errorsOfInterval = 1.645;

/** Rows of a table, with replacement: int64 [n]. */
export const drawRows = (x: Tensor, generator: Generator): Tensor =>
  randint(0, x.size(0), [x.size(0)], { generator });

/** The 90 % interval of each cell over resamples, from rates [resamples][cells]; NaN for cells without rows. */
export function intervalsOfRates(
  rates: readonly (readonly number[])[],
): Pick<GrowthCells, "low" | "high"> {
  const sorted = (rates[0] ?? []).map((_, c) =>
    rates
      .map((rate) => rate[c])
      .filter(Number.isFinite)
      .sort((one, other) => one - other),
  );
  const quantile = (q: number) =>
    sorted.map((all) => all[Math.round(q * (all.length - 1))] ?? Number.NaN);
  return { low: quantile(0.05), high: quantile(0.95) };
}

/**
 * Cells of each dataset with intervals of the mean growth rate until the next one. Halves of the rows have estimates of their
 * own, from the first round on: further rounds of one estimate would inherit its errors. Free the centres.
 */
export function halvedCells(
  config: Pick<CompleteTrainConfig, "seed"> & MassConfig,
  { sets, intervals, scan, masses }: GrowthEstimate,
): GrowthCells[] {
  const generator = stream(config.seed, "growth intervals");
  const spans = timeSpans(config, sets.length);
  const lengths = likelyLengths(scan);
  const best = lengths.indexOf(scan.lengths[scan.best]);
  const centres = sets.map((x) => tidy(() => kMeans(x, mostCells, generator).keep()));
  const ratesOf = (rows: readonly Tensor[], all: readonly IntervalGrowth[]) =>
    tidy(() => centres.map((cells, k) => ratesOfCells(cells, rows, { all, spans, k })));
  const whole = ratesOf(sets, intervals);
  const halves = Array.from({ length: halvings }, (_, i) =>
    tidy(() => {
      const length = i % lengths.length;
      const { delta } = lengths[length];
      return halvesOf(sets, generator).map((rows) => ({
        length,
        rates: ratesOf(rows, courseGrowth(rows, { masses, spans, delta })),
      }));
    }),
  ).flat();
  return centres.map((cells, k) => {
    const rows = rowsOfHalf(sets[k]);
    // The variance of a whole, of the variance of its parts.
    const share = rows / (sets[k].size(0) - rows);
    const bounds = whole[k].map((rate, c) => {
      const byLength = lengths.map((_, i) =>
        halves.flatMap(({ length, rates }) => (length === i ? [rates[k][c]] : [])),
      );
      return intervalOfParts(rate, byLength, { best, share });
    });
    return { centres: cells, low: bounds.map(({ low }) => low), high: bounds.map((b) => b.high) };
  });
}

const rowsOfHalf = (x: Tensor): number => Math.min(mostRowsOfHalf, Math.floor(x.size(0) / 2));

/** Two parts of the rows of each set that share no row, of equal size. */
function halvesOf(sets: readonly Tensor[], generator: Generator): Tensor[][] {
  const orders = sets.map((x) => randperm(x.size(0), { generator }));
  return [0, 1].map((i) =>
    sets.map((x, k) => {
      const n = rowsOfHalf(x);
      return x.indexSelect(0, orders[k].narrow(0, i * n, n));
    }),
  );
}

/** The mean growth rate of rows [m_k, d] in each of the cells [c, d] of set k; NaN for cells without rows. */
function ratesOfCells(
  cells: Tensor,
  rows: readonly Tensor[],
  { all, spans, k }: { all: readonly IntervalGrowth[]; spans: readonly number[]; k: number },
): number[] {
  const from = Math.min(k, spans.length - 1);
  const { gain, move } = all[from];
  // The last dataset has the growth since the one before.
  const x = from < k ? rows[from].add(move) : rows[k];
  const isIn = inCells(x, cells).t();
  const factor = isIn.matmul(gain.exp().unsqueeze(1)).squeeze(1).div(isIn.sum(1));
  return factor.log().div(spans[from]).toNumbers();
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, one) => sum + one, 0) / values.length;

/**
 * The interval of a rate from the rates of parts, by length: standard errors around the rate, around the rate without what
 * fewer rows change, and around the rates of other lengths.
 */
function intervalOfParts(
  rate: number,
  byLength: readonly (readonly number[])[],
  { best, share }: { best: number; share: number },
): { low: number; high: number } {
  const groups = byLength.map((rates) => rates.filter(Number.isFinite));
  const means = groups.map(mean);
  const deviations = groups.flatMap((rates, i) => rates.map((one) => one - means[i]));
  const free = deviations.length - groups.filter(({ length }) => length > 0).length;
  const variance = deviations.reduce((sum, one) => sum + one ** 2, 0) / Math.max(1, free);
  const error = errorsOfInterval * Math.sqrt(share * variance);
  const middles = [
    rate,
    rate - share * (means[best] - rate),
    ...means.map((one) => rate + one - means[best]),
  ].filter(Number.isFinite);
  const isKnown = middles.length > 1 && free > 0;
  return {
    low: isKnown ? Math.min(...middles) - error : Number.NaN,
    high: isKnown ? Math.max(...middles) + error : Number.NaN,
  };
}

// Intervals of estimated growth, from resampled rows and several lengths.
import { courseGrowth, inCells, kMeans, stream } from "@dsbm/bridge";
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
/** Fewer rows vary more, which makes up for rounds that do not converge. */
const mostRows = 300;
const resamples = 16;
/** From the estimate of all rows on. */
const rounds = 4;

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

/** Cells of each dataset with intervals of the mean growth rate until the next one. Free the centres. */
export function resampledCells(
  config: Pick<CompleteTrainConfig, "seed"> & MassConfig,
  { sets, intervals, scan, masses }: GrowthEstimate,
): GrowthCells[] {
  const generator = stream(config.seed, "growth intervals");
  const spans = timeSpans(config, sets.length);
  const lengths = likelyLengths(scan);
  const centres = sets.map((x) => tidy(() => kMeans(x, mostCells, generator).keep()));
  const rates = Array.from({ length: resamples }, (_, i) =>
    tidy(() => {
      const rows = sets.map((x) => drawnRows(x, generator));
      const drawn = sets.map((x, k) => x.indexSelect(0, rows[k]));
      const start = intervals.map(({ gain, move, remaining }, k) => ({
        gain: gain.indexSelect(0, rows[k]),
        move: move.indexSelect(0, rows[k]),
        remaining,
      }));
      const { delta } = lengths[i % lengths.length];
      const all = courseGrowth(drawn, { masses, spans, delta, start, rounds });
      return centres.map((cells, k) => {
        const from = Math.min(k, spans.length - 1);
        const { gain, move } = all[from];
        // The last dataset has the growth since the one before.
        const x = from < k ? drawn[from].add(move) : drawn[k];
        const isIn = inCells(x, cells).t();
        const factor = isIn.matmul(gain.exp().unsqueeze(1)).squeeze(1).div(isIn.sum(1));
        return factor.log().div(spans[from]).toNumbers();
      });
    }),
  );
  return centres.map((cells, k) => ({
    centres: cells,
    ...intervalsOfRates(rates.map((rate) => rate[k])),
  }));
}

const drawnRows = (x: Tensor, generator: Generator): Tensor =>
  x.size(0) <= mostRows
    ? drawRows(x, generator)
    : randperm(x.size(0), { generator })
        .narrow(0, 0, mostRows)
        .indexSelect(0, randint(0, mostRows, [mostRows], { generator }));

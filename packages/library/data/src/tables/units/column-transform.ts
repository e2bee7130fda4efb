// The transform of columns to network units: a logarithm and standardisation.
import type { TableFacts } from "../facts.js";

/** How columns are standardised: each one, all together, or not. */
export type Standardise = "columns" | "global" | "none";

/** z = (y − mean) / std with y = x, or log(1 + x). */
export interface ColumnTransform {
  /** Whether y is log(1 + x). */
  log1p: boolean;
  /** Whether columns share mean and std. */
  standardise: Standardise;
  /** Of y, column by column. */
  mean: number[];
  /** 0 for a constant column: z is y − mean there, and y is mean on the way back. */
  std: number[];
}

type TransformFacts = Pick<TableFacts, "columns" | "log1p" | "moments" | "range">;

/** The mean of a value over datasets, weighted by their training rows. */
export function pooledMean<T extends Pick<TableFacts, "moments">>(
  datasets: readonly T[],
  value: (dataset: T) => number,
): number {
  const total = datasets.reduce((sum, { moments }) => sum + moments.n, 0);
  return datasets.reduce((sum, one) => sum + (one.moments.n / total) * value(one), 0);
}

/** The transform of columns from the training rows of all datasets together. */
export function fitTransform(
  datasets: readonly TransformFacts[],
  standardise: Standardise,
): ColumnTransform {
  const [{ columns, log1p }] = datasets;
  const statistics = columns.map((_, k) => {
    const mean = pooledMean(datasets, ({ moments }) => moments.mean[k]);
    const variance = pooledMean(
      datasets,
      ({ moments }) => moments.variance[k] + (moments.mean[k] - mean) ** 2,
    );
    const low = Math.min(...datasets.map(({ range }) => range.min[k]));
    const high = Math.max(...datasets.map(({ range }) => range.max[k]));
    const isConstant = high - low <= 1e-12 * Math.max(Math.abs(low), Math.abs(high));
    return { mean, variance, isConstant };
  });
  const varying = statistics.filter(({ isConstant }) => !isConstant);
  const common = varying.reduce((sum, { variance }) => sum + variance, 0);
  const spread = {
    columns: Math.sqrt,
    global: () => Math.sqrt(common / Math.max(varying.length, 1)),
    none: () => 1,
  }[standardise];
  return {
    log1p,
    standardise,
    mean: statistics.map(({ mean, isConstant }) =>
      standardise === "none" && !isConstant ? 0 : mean,
    ),
    std: statistics.map(({ variance, isConstant }) => (isConstant ? 0 : spread(variance))),
  };
}

// The transform of columns to network units: a logarithm and standardisation.
import type { Tensor } from "@dsbm/torch";
import { categoryBlocks, levelPlaces } from "../categories.js";
import type { TableFacts } from "../facts.js";
import type { TransformFlags } from "./value-transform.js";

/** How columns are standardised: each one, all together, each one by its middle half with far values drawn in, or not. */
export type Standardise = "columns" | "global" | "robust" | "none";

/** z = (y − mean) / std with y = x, log(1 + x) or √x; with `robust` its inverse hyperbolic sine. */
export interface ColumnTransform extends TransformFlags {
  /** What mean and std are: `global` of all columns together, `robust` the median and the scaled interquartile range. */
  standardise: Standardise;
  /** Of y, column by column. */
  mean: number[];
  /** 0 for a constant column: z is y − mean there, and y is mean on the way back. */
  std: number[];
}

type TransformFacts = Pick<
  TableFacts,
  "columns" | "log1p" | "moments" | "range" | "offset" | "width"
> &
  Partial<Pick<TableFacts, "categories">> &
  Pick<TransformFlags, "sqrt">;

/** The interquartile range of a normal distribution, in deviations. */
const normalQuartiles = 1.349;

/** The place and the square of the spread of column k in one dataset. */
const momentsOf: Record<
  "usual" | "robust",
  (dataset: TransformFacts, k: number) => { mean: number; variance: number }
> = {
  usual: ({ moments }, k) => ({ mean: moments.mean[k], variance: moments.variance[k] }),
  // Offsets are medians.
  robust: ({ offset, width }, k) => ({
    mean: offset[k],
    variance: (width[k] / normalQuartiles) ** 2,
  }),
};

/** The mean of a value over datasets, weighted by their training rows. */
export function pooledMean<T extends Pick<TableFacts, "moments">>(
  datasets: readonly T[],
  value: (dataset: T) => number,
): number {
  const total = datasets.reduce((sum, { moments }) => sum + moments.n, 0);
  return datasets.reduce((sum, one) => sum + (one.moments.n / total) * value(one), 0);
}

/**
 * The transform of columns from the training rows of all datasets together. The levels of a category share a deviation:
 * the root of the sum of their variances, so that a category weighs like one column.
 */
export function fitTransform(
  datasets: readonly TransformFacts[],
  standardise: Standardise,
): ColumnTransform {
  const [{ columns, log1p, sqrt, categories = [] }] = datasets;
  const blocks = categoryBlocks(columns, categories);
  const levels = levelPlaces(columns, categories);
  const statistics = columns.map((_, k) => {
    const isRobust =
      standardise === "robust" && !levels.has(k) && datasets.every(({ width }) => width[k] > 0);
    const moments = momentsOf[isRobust ? "robust" : "usual"];
    const mean = pooledMean(datasets, (dataset) => moments(dataset, k).mean);
    const variance = pooledMean(datasets, (dataset) => {
      const own = moments(dataset, k);
      return own.variance + (own.mean - mean) ** 2;
    });
    const low = Math.min(...datasets.map(({ range }) => range.min[k]));
    const high = Math.max(...datasets.map(({ range }) => range.max[k]));
    const isConstant = high - low <= 1e-12 * Math.max(Math.abs(low), Math.abs(high));
    return { mean, variance, isConstant };
  });
  const varying = statistics.filter(({ isConstant }, k) => !isConstant && !levels.has(k));
  const common = varying.reduce((sum, { variance }) => sum + variance, 0);
  const spread = {
    columns: Math.sqrt,
    robust: Math.sqrt,
    global: () => Math.sqrt(common / Math.max(varying.length, 1)),
    none: () => 1,
  }[standardise];
  const variances = statistics.map(({ variance }) => variance);
  const block = (k: number) =>
    blocks.find(({ first, levels }) => k >= first && k < first + levels.length);
  const deviation = (variance: number, k: number) => {
    const category = standardise === "none" ? undefined : block(k);
    if (!category) return spread(variance);
    const { first, levels } = category;
    return Math.sqrt(variances.slice(first, first + levels.length).reduce((a, b) => a + b, 0));
  };
  return {
    log1p,
    ...(sqrt && { sqrt }),
    standardise,
    mean: statistics.map(({ mean, isConstant }) =>
      standardise === "none" && !isConstant ? 0 : mean,
    ),
    std: statistics.map(({ variance, isConstant }, k) => (isConstant ? 0 : deviation(variance, k))),
  };
}

/** Network units of standardised values z [n, d]: with `robust` asinh(z), which draws far values in. */
export const squeezeFarValues = (z: Tensor, { standardise }: ColumnTransform): Tensor =>
  standardise === "robust" ? z.sign().mul(z.abs().add(z.square().add(1).sqrt()).log()) : z;

/** Standardised values of network units [n, d], and the factors by which small steps there grow. */
export const stretchFarValues = (
  z: Tensor,
  { standardise }: ColumnTransform,
): { values: Tensor; factors: Tensor | null } =>
  standardise === "robust" ? { values: z.sinh(), factors: z.cosh() } : { values: z, factors: null };

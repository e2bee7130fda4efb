// What networks see of columns: standardised by the mean and the deviation of both ends together, after log(1 + x) where
// that is wanted; and the way back. A column that is constant at both ends keeps its value on the way back.
import type { TableFacts } from "./facts.js";

export type Standardise = "columns" | "global" | "none";

/** z = (y − mean) / std with y = x, or log(1 + x); as it is saved with a run. */
export interface ColumnTransform {
  log1p: boolean;
  standardise: Standardise;
  mean: number[];
  /** 0 for a constant column: z is y − mean there, and y is mean on the way back. */
  std: number[];
}

/** Mean and deviation of the training rows of both ends together. */
export function fitTransform(
  ends: readonly Pick<TableFacts, "path" | "columns" | "log1p" | "moments" | "range">[],
  standardise: Standardise,
): ColumnTransform {
  const [{ columns, log1p }] = ends as [TableFacts];
  const total = ends.reduce((sum, { moments }) => sum + moments.n, 0);
  const mean = columns.map((_, k) =>
    ends.reduce((sum, { moments: { n, mean } }) => sum + (n / total) * (mean[k] as number), 0),
  );
  const variance = columns.map((_, k) =>
    ends.reduce(
      (sum, { moments: { n, mean: own, variance } }) =>
        sum +
        (n / total) * ((variance[k] as number) + ((own[k] as number) - (mean[k] as number)) ** 2),
      0,
    ),
  );
  const isConstant = columns.map((_, k) => {
    const low = Math.min(...ends.map(({ range }) => range.min[k] as number));
    const high = Math.max(...ends.map(({ range }) => range.max[k] as number));
    return high - low <= 1e-12 * Math.max(Math.abs(low), Math.abs(high));
  });
  const varying = variance.filter((_, k) => !isConstant[k]);
  const common = Math.sqrt(varying.reduce((sum, v) => sum + v, 0) / Math.max(varying.length, 1));
  const std = variance.map((v, k) =>
    isConstant[k]
      ? 0
      : standardise === "columns"
        ? Math.sqrt(v)
        : standardise === "global"
          ? common
          : 1,
  );
  return {
    log1p,
    standardise,
    std,
    mean: mean.map((m, k) => (standardise === "none" && !isConstant[k] ? 0 : m)),
  };
}

/** Rows as networks see them, row-major [n, d], of columns in the file's own units. */
export function applyTransform(
  { log1p, mean, std }: ColumnTransform,
  columns: readonly Float64Array[],
): Float32Array {
  const d = columns.length;
  const z = new Float32Array(d * (columns[0]?.length ?? 0));
  columns.forEach((column, k) => {
    const [m, s] = [mean[k] as number, std[k] || 1];
    for (let i = 0; i < column.length; i++) {
      const x = column[i] as number;
      z[i * d + k] = ((log1p ? Math.log1p(x) : x) - m) / s;
    }
  });
  return z;
}

/** The way back: columns in the file's own units of rows [n, d]. A constant column has its value. */
export function undoTransform(
  { log1p, mean, std }: ColumnTransform,
  rows: Float32Array | Float64Array,
): Float64Array[] {
  const d = mean.length;
  return mean.map((m, k) => {
    const s = std[k] as number;
    const column = new Float64Array(rows.length / d);
    for (let i = 0; i < column.length; i++) {
      const y = s === 0 ? m : (rows[i * d + k] as number) * s + m;
      column[i] = log1p ? Math.expm1(y) : y;
    }
    return column;
  });
}

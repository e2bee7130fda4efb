// Metrics that compare all pairs of points take at most so many of each side, drawn with a seed.
import { randperm, type Tensor } from "@dsbm/torch";
import { stream } from "../../core/random.js";

/** Which points a metric of all pairs uses. */
export interface Subsample {
  /** Points of each side at most; of more, that many are drawn without replacement (default 10,000). */
  most?: number;
  /** Decides which ones are drawn (default 0). */
  seed?: number;
}

/** How many points a metric of all pairs used. */
export interface Counts {
  /** Points of the first and of the second argument that were compared. */
  n: number;
  m: number;
  /** Whether either is a subsample. */
  subsampled: boolean;
}

/** Row numbers of a subsample of n rows in a table's order; undefined where all are used. */
export function subsampleRows(
  n: number,
  purpose: string,
  { most = 10_000, seed = 0 }: Subsample = {},
): Tensor | undefined {
  if (n <= most) return undefined;
  const generator = stream(seed, `metric/${purpose}`);
  return randperm(n, { generator }).slice({ end: most });
}

/** Both sides of a metric, x [n, …] and y [m, …], subsampled by streams of their own, and their counts. */
export function subsampled(
  x: Tensor,
  y: Tensor,
  options: Subsample = {},
): { x: Tensor; y: Tensor; counts: Counts } {
  const some = (t: Tensor, purpose: string) => {
    const rows = subsampleRows(t.size(0), purpose, options);
    return rows ? t.indexSelect(0, rows.to(t.device)) : t;
  };
  const [a, b] = [some(x, "x"), some(y, "y")];
  const counts = { n: a.size(0), m: b.size(0) };
  return {
    x: a,
    y: b,
    counts: { ...counts, subsampled: counts.n < x.size(0) || counts.m < y.size(0) },
  };
}

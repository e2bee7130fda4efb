// What compares all pairs of points uses at most so many of each side, drawn with a seed.
import { randperm, type Tensor } from "@dsbm/torch";
import { stream } from "./random.js";

/** Which points are used where all pairs are compared. */
export interface Subsample {
  /** Points of each side at most; of more, that many are drawn without replacement (default 10,000). */
  most?: number;
  /** Seed of the draw (default 0). */
  seed?: number;
}

/** How many points of each argument a metric of all pairs compared, and whether these are a subsample. */
export interface Counts {
  n: number;
  m: number;
  subsampled: boolean;
}

/** At most `most` rows of x [n, …]; the same ones for tables of the same length and `side`. */
export function subsample(
  x: Tensor,
  side: "x" | "y",
  { most = 10_000, seed = 0 }: Subsample = {},
): Tensor {
  if (x.size(0) <= most) return x;
  const rows = randperm(x.size(0), { generator: stream(seed, `metric/${side}`) });
  return x.indexSelect(0, rows.slice({ end: most }).to(x.device));
}

/** Both sides of a metric, drawn independently of each other, and their counts. */
export function subsampled(x: Tensor, y: Tensor, options: Subsample = {}) {
  const [a, b] = [subsample(x, "x", options), subsample(y, "y", options)];
  const counts: Counts = { n: a.size(0), m: b.size(0), subsampled: a !== x || b !== y };
  return { x: a, y: b, counts };
}

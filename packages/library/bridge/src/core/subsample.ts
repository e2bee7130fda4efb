import { randperm, type Tensor } from "@dsbm/torch";
import { stream } from "./random.js";

/** Options of `subsample`. */
export interface Subsample {
  /** Maximum number of points of each side (default 10,000), drawn without replacement. */
  most?: number;
  /** Seed of the draw (default 0). */
  seed?: number;
}

/** At most `most` rows of x [n, …], the same for tables of one length and `side`. */
export function subsample(
  x: Tensor,
  side: "x" | "y",
  { most = 10_000, seed = 0 }: Subsample = {},
): Tensor {
  if (x.size(0) <= most) return x;
  const rows = randperm(x.size(0), { generator: stream(seed, `metric/${side}`) });
  return x.indexSelect(0, rows.slice({ end: most }).to(x.device));
}

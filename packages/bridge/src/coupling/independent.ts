// The independent coupling π0 ⊗ π1: where IMF starts.
import type { Generator } from "@dsbm/torch";
import { type Pairs, shuffled } from "../coupling.js";
import type { Endpoints } from "../dataset.js";

/** As many pairs as the smaller table has rows, each row used at most once. */
export function independent({ x0, x1 }: Endpoints, generator: Generator): Pairs {
  const n = Math.min(x0.size(0), x1.size(0));
  return { x0: shuffled(x0, generator, n), x1: shuffled(x1, generator, n) };
}

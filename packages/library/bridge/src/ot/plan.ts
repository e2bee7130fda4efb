// The result of a transport solver: the positive entries only, because a full plan of 10,000 by 10,000 points
// would be 100 million numbers of which at most 20,000 are not zero.
import { argumentError } from "../core/errors.js";

/** A transport plan by its positive entries: `mass[k]` goes from row `rows[k]` to `columns[k]`. */
export interface SparsePlan {
  n: number;
  m: number;
  rows: Int32Array;
  columns: Int32Array;
  mass: Float64Array;
}

/** Dual potentials: u_i [n] and v_j [m], together at most the cost, and equal to it where the plan has mass. */
export interface Potentials {
  u: Float64Array;
  v: Float64Array;
}

/** Writes a plan out as a dense matrix [n, m] in row-major order. */
export function densePlan(plan: SparsePlan): Float64Array {
  const dense = new Float64Array(plan.n * plan.m);
  plan.mass.forEach((mass, k) => {
    const at = plan.rows[k]! * plan.m + plan.columns[k]!;
    dense[at] = dense[at]! + mass;
  });
  return dense;
}

/** The plan of a permutation: row i gives the mass 1/n to column `columns[i]`. */
export function permutationPlan(columns: Int32Array): SparsePlan {
  const n = columns.length;
  return {
    n,
    m: n,
    rows: Int32Array.from({ length: n }, (_, i) => i),
    columns: columns.slice(),
    mass: new Float64Array(n).fill(1 / n),
  };
}

/** Throws a BridgeError unless `value` is a whole number of at least 1. */
export function checkSize(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw argumentError(`${name} = ${value}: expected a whole number of points, at least 1`);
}

// Sparse plans: a full one of 10,000 by 10,000 points would be 100 million numbers.
import { argumentError } from "../core/errors.js";

/** `mass[k]` goes from row `rows[k]` to column `columns[k]`. */
export interface SparsePlan {
  /** Number of rows. */
  n: number;
  /** Number of columns. */
  m: number;
  /** Row of each entry, [k]. */
  rows: Int32Array;
  /** Column of each entry, [k]. */
  columns: Int32Array;
  /** Mass of each entry, [k]. */
  mass: Float64Array;
}

/** Dual prices: u_i + v_j is at most the cost, equal to it where mass flows. */
export interface Potentials {
  /** Of rows, [n]. */
  u: Float64Array;
  /** Of columns, [m]. */
  v: Float64Array;
}

/** The plan with mass 1/n in column `columns[i]` of each row i. */
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

/**
 * Checks a number of points; `name` names it.
 * @throws {BridgeError} unless it is a whole number of at least 1
 */
export function checkSize(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw argumentError(`${name} = ${value}: expected a whole number of points, at least 1`);
}

// The solvers look at one row of the cost at a time, so that a matrix too large to store can be
// computed from the points while it is being read.
import { TransportError } from "./errors.js";

/** Writes row `i` of a cost matrix, c(i, 0..m−1), into `out` [m]. */
export type CostRow = (i: number, out: Float64Array) => void;

/** A cost matrix [n, m] in row-major order, or a function that computes its rows. */
export type Cost = Float64Array | Float32Array | CostRow;

/** A cursor over the rows: after `seek(i)`, row i is `data[offset … offset + m)`. */
export interface CostRows {
  readonly data: Float64Array;
  seek(i: number): number;
}

/** Opens a cost for reading by rows; throws `InvalidShape` where a matrix has not n·m entries. */
export function costRows(cost: Cost, n: number, m: number): CostRows {
  if (typeof cost !== "function" && cost.length !== n * m) {
    throw new TransportError(
      "InvalidShape",
      `cost has ${cost.length} entries: expected n × m = ${n} × ${m} = ${n * m}, row by row`,
    );
  }
  if (cost instanceof Float64Array) return { data: cost, seek: (i) => i * m };
  const row = new Float64Array(m);
  let held = -1;
  const fill: CostRow =
    typeof cost === "function" ? cost : (i, out) => out.set(cost.subarray(i * m, (i + 1) * m));
  return {
    data: row,
    seek(i) {
      if (i !== held) fill(i, row);
      held = i;
      return 0;
    },
  };
}

/** Throws `InvalidCost` where row i, found at `offset`, holds a NaN or an infinity. */
export function checkRow(data: Float64Array, offset: number, m: number, i: number): void {
  let zero = 0;
  for (let k = offset; k < offset + m; k++) zero += data[k]! * 0;
  if (zero === 0) return;
  for (let j = 0; j < m; j++) {
    if (!Number.isFinite(data[offset + j]!)) {
      throw new TransportError(
        "InvalidCost",
        `cost[${i}, ${j}] is ${data[offset + j]}: expected finite numbers only; look for NaN in the points`,
      );
    }
  }
}

/**
 * Squared Euclidean distances between points, computed row by row.
 *
 * `x` [n, dim] and `y` [m, dim] in row-major order; row i is |x_i − y_j|² over j. The points are
 * copied once as float64 with `y` by coordinates; nothing of size n·m is stored.
 */
export function squaredEuclidean(x: ArrayLike<number>, y: ArrayLike<number>, dim: number): CostRow {
  const n = x.length / dim;
  const m = y.length / dim;
  if (!Number.isSafeInteger(n) || !Number.isSafeInteger(m)) {
    throw new TransportError(
      "InvalidShape",
      `points of ${x.length} and ${y.length} numbers: expected multiples of dim = ${dim}`,
    );
  }
  // Coordinates go in pairs, an odd last one with zeros: half the passes over the row.
  const pairs = Math.ceil(dim / 2);
  const from = new Float64Array(n * 2 * pairs);
  const byCoordinate = new Float64Array(2 * pairs * m);
  for (let d = 0; d < dim; d++) {
    for (let i = 0; i < n; i++) from[i * 2 * pairs + d] = x[i * dim + d]!;
    for (let j = 0; j < m; j++) byCoordinate[d * m + j] = y[j * dim + d]!;
  }
  return (i, out) => {
    for (let pair = 0; pair < pairs; pair++) {
      const x0 = from[2 * (i * pairs + pair)]!;
      const x1 = from[2 * (i * pairs + pair) + 1]!;
      const base = 2 * pair * m;
      for (let j = 0; j < m; j++) {
        const d0 = x0 - byCoordinate[base + j]!;
        const d1 = x1 - byCoordinate[base + m + j]!;
        const part = d0 * d0 + d1 * d1;
        out[j] = pair === 0 ? part : out[j]! + part;
      }
    }
  };
}

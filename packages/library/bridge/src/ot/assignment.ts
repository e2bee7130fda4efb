// Exact plans of equally many points are assignments: an auction with falling ε gives a start, shortest augmenting
// paths make it exact.
import { type Cost, checkCost } from "./cost.js";
import { checkSize, type Potentials } from "./plan.js";

/** An optimal assignment of n rows to n columns, with its potentials. */
export interface Assignment extends Potentials {
  /** Row i is assigned to column `columns[i]`. */
  columns: Int32Array;
  /** The sum of the n chosen costs. */
  cost: number;
}

interface AssignmentState {
  readonly cost: Cost;
  readonly n: number;
  readonly v: Float64Array;
  readonly columnOf: Int32Array;
  readonly rowOf: Int32Array;
  readonly free: Int32Array;
}

const epsilon = { first: 0.1, fall: 0.2, last: 0.5 };
const bidsPerRow = { scaled: 100, exact: 4 };

/**
 * Solves the linear assignment problem exactly, O(n³), for `cost` [n, n] row by row (Jonker 1987; Bertsekas 1988).
 * @throws {BridgeError} for a wrong length, NaN or infinity.
 */
export function assignment(cost: Cost, n: number): Assignment {
  checkSize("n", n);
  checkCost(cost, n, n);
  const s: AssignmentState = {
    cost,
    n,
    v: new Float64Array(n).fill(Number.POSITIVE_INFINITY),
    columnOf: new Int32Array(n),
    rowOf: new Int32Array(n),
    free: new Int32Array(n),
  };
  const scale = reduceColumns(s);
  for (let e = epsilon.first * scale; n > 1 && scale > 0; e *= epsilon.fall) {
    const last = (epsilon.last * scale) / n;
    s.columnOf.fill(-1);
    s.rowOf.fill(-1);
    for (let i = 0; i < n; i++) s.free[i] = i;
    placeBids(s, n, Math.max(e, last), bidsPerRow.scaled * n);
    if (e <= last) break;
  }
  let free = takeCheapest(s);
  if (n > 1) free = placeBids(s, free, 0, bidsPerRow.exact * n);
  augment(s, free);

  const u = new Float64Array(n);
  let total = 0;
  for (let i = 0; i < n; i++) {
    const j = s.columnOf[i];
    const c = cost[i * n + j];
    total += c;
    u[i] = c - s.v[j];
  }
  return { columns: s.columnOf, u, v: s.v, cost: total };
}

function reduceColumns({ cost, n, v }: AssignmentState): number {
  let scale = 0;
  for (let i = 0; i < n; i++) {
    const base = i * n;
    let least = Number.POSITIVE_INFINITY;
    let sum = 0;
    for (let j = 0; j < n; j++) {
      const c = cost[base + j];
      if (c < v[j]) v[j] = c;
      if (c < least) least = c;
      sum += c;
    }
    scale += (sum / n - least) / n;
  }
  return scale;
}

function placeBids(
  { cost, n, v, columnOf, rowOf, free }: AssignmentState,
  count: number,
  e: number,
  bids: number,
) {
  let aside = 0;
  let k = 0;
  // free[0 … aside) were set aside, free[k … count) still bid.
  for (let left = bids; k < count; left--) {
    if (left <= 0) {
      while (k < count) free[aside++] = free[k++];
      break;
    }
    const i = free[k++];
    const base = i * n;
    let first = Number.POSITIVE_INFINITY;
    let second = Number.POSITIVE_INFINITY;
    let best = 0;
    for (let j = 0; j < n; j++) {
      const reduced = cost[base + j] - v[j];
      if (reduced < second) {
        if (reduced < first) {
          second = first;
          first = reduced;
          best = j;
        } else {
          second = reduced;
        }
      }
    }
    const lowered = v[best] - (second - first + e);
    const holder = rowOf[best];
    if (holder >= 0 && !(lowered < v[best])) {
      free[aside++] = i;
      continue;
    }
    v[best] = lowered;
    columnOf[i] = best;
    rowOf[best] = i;
    if (holder >= 0) {
      columnOf[holder] = -1;
      free[--k] = holder;
    }
  }
  return aside;
}

function takeCheapest({ cost, n, v, columnOf, rowOf, free }: AssignmentState): number {
  columnOf.fill(-1);
  rowOf.fill(-1);
  let count = 0;
  for (let i = 0; i < n; i++) {
    const base = i * n;
    let first = Number.POSITIVE_INFINITY;
    let best = 0;
    for (let j = 0; j < n; j++) {
      const reduced = cost[base + j] - v[j];
      if (reduced < first || (reduced === first && rowOf[best] >= 0)) {
        first = reduced;
        best = j;
      }
    }
    if (rowOf[best] >= 0) {
      free[count++] = i;
    } else {
      rowOf[best] = i;
      columnOf[i] = best;
    }
  }
  return count;
}

function augment({ cost, n, v, columnOf, rowOf, free }: AssignmentState, count: number): void {
  const distance = new Float64Array(n);
  const from = new Int32Array(n);
  // columns[0 … open) are not settled yet.
  const columns = Int32Array.from({ length: n }, (_, j) => j);
  for (let f = 0; f < count; f++) {
    const start = free[f];
    distance.fill(Number.POSITIVE_INFINITY);
    let open = n;
    let row = start;
    let shift = 0;
    let reach = 0;
    let end = -1;
    while (row >= 0) {
      const base = row * n;
      if (end >= 0) shift = cost[base + end] - v[end] - reach;
      let best = 0;
      reach = Number.POSITIVE_INFINITY;
      for (let k = 0; k < open; k++) {
        const j = columns[k];
        const through = cost[base + j] - v[j] - shift;
        let d = distance[j];
        if (through < d) {
          d = through;
          distance[j] = d;
          from[j] = row;
        }
        if (d < reach || (d === reach && rowOf[j] < 0)) {
          reach = d;
          best = k;
        }
      }
      end = columns[best];
      columns[best] = columns[--open];
      columns[open] = end;
      row = rowOf[end];
    }
    for (let k = open; k < n; k++) {
      const j = columns[k];
      v[j] = v[j] + (distance[j] - reach);
    }
    for (let i = -1; i !== start; ) {
      i = from[end];
      rowOf[end] = i;
      const next = columnOf[i];
      columnOf[i] = end;
      end = next;
    }
  }
}

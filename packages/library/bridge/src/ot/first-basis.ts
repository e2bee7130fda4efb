// The basis from which the network simplex begins; a large problem takes its first prices from a part of its points.
import { type CostRows, matrixRows } from "./cost.js";
import type { Potentials } from "./plan.js";
import type { TransportProblem } from "./tree.js";

/** Problems with fewer arcs begin without prices. */
const leastArcs = 2 ** 18;
/** One of so many points is in the smaller problem. */
const pointsPerPrice = 4;

/** Price guesses from a smaller problem that `solve` solves; null for a small problem. */
export function initialPrices(
  cost: CostRows,
  n: number,
  m: number,
  solve: (cost: CostRows, n: number, m: number) => Potentials,
): Potentials | null {
  const rows = Math.floor(n / pointsPerPrice);
  const columns = Math.floor(m / pointsPerPrice);
  if (n * m < leastArcs || rows === 0 || columns === 0) return null;
  // Rows spread over the whole table, since the table may be sorted.
  const sources = spreadOver(n, rows);
  const sinks = spreadOver(m, columns);
  const part = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const row = cost.row(sources[i]);
    for (let j = 0; j < columns; j++) part[i * columns + j] = row[sinks[j]];
  }
  const { v: known } = solve(matrixRows(part, columns), rows, columns);
  // u_i = min_j c_ij − v_j over sinks with a price, then v_j = min_i c_ij − u_i.
  const u = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const v = new Float64Array(m).fill(Number.POSITIVE_INFINITY);
  for (let i = 0; i < n; i++) {
    const row = cost.row(i);
    let least = Number.POSITIVE_INFINITY;
    for (let j = 0; j < columns; j++) {
      const reduced = row[sinks[j]] - known[j];
      if (reduced < least) least = reduced;
    }
    u[i] = least;
    for (let j = 0; j < m; j++) {
      const reduced = row[j] - least;
      if (reduced < v[j]) v[j] = reduced;
    }
  }
  return { u, v };
}

function spreadOver(n: number, count: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const keys = Float64Array.from(order, (i) => (i * 0.6180339887498949) % 1);
  return order
    .sort((a, b) => keys[a] - keys[b])
    .slice(0, count)
    .sort();
}

/**
 * A feasible tree: each source fills the cheapest sinks with room. Components join the root by an arc without
 * flow, whose cost is the price of its top.
 */
export function buildInitialTree(
  { n, m, cost, tree }: TransportProblem,
  { supply, demand, prices }: { supply: number; demand: number; prices: Potentials | null },
): void {
  for (let i = 0; i < n; i++) tree.link(i, tree.root, 0, prices ? prices.u[i] : 0);
  for (let j = 0; j < m; j++) tree.link(n + j, tree.root, 0, prices ? prices.v[j] : 0);
  const v = prices?.v ?? new Float64Array(m);
  const room = new Float64Array(m).fill(demand);
  const open = Int32Array.from({ length: m }, (_, j) => j);
  let count = m;
  for (let i = 0; i < n; i++) {
    const row = cost.row(i);
    let rest = supply;
    while (rest > 0) {
      let at = count - 1;
      let least = row[open[at]] - v[open[at]];
      for (let k = 0; k < count; k++) {
        const reduced = row[open[k]] - v[open[k]];
        if (reduced < least) {
          least = reduced;
          at = k;
        }
      }
      const j = open[at];
      const sent = Math.min(rest, room[j]);
      tree.graft(n + j, i, sent, row[j]);
      rest -= sent;
      room[j] = room[j] - sent;
      if (room[j] === 0) open[at] = open[--count];
    }
  }
}

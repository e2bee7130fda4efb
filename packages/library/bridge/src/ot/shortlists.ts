// Pivots of the network simplex. Reading rows is most of the work, so each row has a shortlist of its best arcs.
import type { TransportProblem } from "./tree.js";

/** Arcs of a row that its shortlist keeps. */
const shortlistSize = 8;
/** Passes over the shortlists between two readings of the whole rows. */
const passesPerReading = 6;

interface Shortlists {
  readonly size: number;
  readonly columns: Int32Array;
  readonly costs: Float64Array;
}

/**
 * Pivots until no arc improves the plan of a feasible basis (shortlist method, Gottschlich 2014). Returns the
 * number of pivots.
 */
export function pivotUntilOptimal(problem: TransportProblem): number {
  const { n, m } = problem;
  const size = Math.min(shortlistSize, m);
  const lists = { size, columns: new Int32Array(n * size), costs: new Float64Array(n * size) };
  let pivots = 0;
  for (;;) {
    const arc = readRows(problem, lists);
    if (arc === 0) return pivots;
    pivots += arc;
    for (let pass = 0; pass < passesPerReading; pass++) {
      const listed = pivotListed(problem, lists);
      if (listed === 0) break;
      pivots += listed;
    }
  }
}

function readRows(
  { cost, tree, n, m }: TransportProblem,
  { size, columns, costs }: Shortlists,
): number {
  const { potential } = tree;
  const sinks = potential.subarray(n, n + m);
  const best = new Int32Array(size);
  const reducedCosts = new Float64Array(size);
  let pivots = 0;
  for (let i = 0; i < n; i++) {
    const row = cost.row(i);
    reducedCosts.fill(Number.POSITIVE_INFINITY);
    let bound = Number.POSITIVE_INFINITY;
    for (let j = 0; j < m; j++) {
      const reduced = row[j] + sinks[j];
      if (reduced < bound) {
        let k = size - 1;
        for (; k > 0 && reducedCosts[k - 1] > reduced; k--) {
          reducedCosts[k] = reducedCosts[k - 1];
          best[k] = best[k - 1];
        }
        reducedCosts[k] = reduced;
        best[k] = j;
        bound = reducedCosts[size - 1];
      }
    }
    const first = best[0];
    if (reducesCost(row[first], potential[i], sinks[first])) {
      tree.pivot(i, n + first, row[first]);
      pivots++;
    }
    for (let k = 0; k < size; k++) {
      columns[i * size + k] = best[k];
      costs[i * size + k] = row[best[k]];
    }
  }
  return pivots;
}

function pivotListed({ tree, n }: TransportProblem, { size, columns, costs }: Shortlists): number {
  const { potential } = tree;
  let pivots = 0;
  for (let i = 0; i < n; i++) {
    let at = i * size;
    let least = Number.POSITIVE_INFINITY;
    for (let k = i * size; k < (i + 1) * size; k++) {
      const reduced = costs[k] + potential[n + columns[k]];
      if (reduced < least) {
        least = reduced;
        at = k;
      }
    }
    const j = n + columns[at];
    if (!reducesCost(costs[at], potential[i], potential[j])) continue;
    tree.pivot(i, j, costs[at]);
    pivots++;
  }
  return pivots;
}

/** Whether an arc reduces the cost by more than rounding; otherwise pivots might never end. */
function reducesCost(cost: number, source: number, sink: number): boolean {
  const rounding = Math.abs(cost) + Math.abs(source) + Math.abs(sink);
  return cost - source + sink < -4 * Number.EPSILON * rounding;
}

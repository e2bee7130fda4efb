// Exact transport of any sizes: the primal network simplex. Mass is counted in whole units, so flows cancel exactly,
// and a strongly feasible basis ends despite degeneracy.
import { type Cost, type CostRows, checkCost, matrixRows } from "./cost.js";
import { buildInitialTree, initialPrices } from "./first-basis.js";
import { checkSize, type Potentials, type SparsePlan } from "./plan.js";
import { pivotUntilOptimal } from "./shortlists.js";
import { BasisTree, type TransportProblem } from "./tree.js";

/** A transport plan with its potentials and its cost. */
export interface Transport extends Potentials {
  /** The mass of each pair, 1 in sum. */
  plan: SparsePlan;
  /** Σ plan_ij c_ij. */
  cost: number;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/**
 * Solves transport between n and m equally weighted points exactly, of mass 1, for `cost` [n, m] row by row (Bonneel
 * 2011; Cunningham 1976).
 * @throws {BridgeError} for wrong lengths, NaN or infinity.
 */
export function simplex(cost: Cost, n: number, m: number): Transport {
  checkSize("n", n);
  checkSize("m", m);
  checkCost(cost, n, m);
  return simplexOfRows(matrixRows(cost, m), n, m);
}

/**
 * As `simplex`, for finite costs that are read by rows and need not be in memory. Shortlists of arcs keep readings of
 * all rows few.
 */
export function simplexOfRows(cost: CostRows, n: number, m: number): Transport {
  const common = gcd(n, m);
  const problem: TransportProblem = { n, m, cost, tree: new BasisTree(n, m) };
  const prices = initialPrices(cost, n, m, simplexOfRows);
  buildInitialTree(problem, { supply: m / common, demand: n / common, prices });
  // Fresh potentials remove the rounding errors of many pivots. Pivots by rounding alone would never end.
  let before = Number.POSITIVE_INFINITY;
  let now = before;
  do {
    before = now;
    problem.tree.refresh();
    pivotUntilOptimal(problem);
    now = totalCost(problem);
  } while (now < before);
  problem.tree.refresh();
  return result(problem, common / (n * m));
}

function totalCost({ n, m, tree: { parent, flow, arcCost, root } }: TransportProblem): number {
  let sum = 0;
  for (let node = 0; node < n + m; node++) {
    if (parent[node] !== root) sum += flow[node] * arcCost[node];
  }
  return sum;
}

function result({ n, m, tree }: TransportProblem, unit: number): Transport {
  const { parent, flow, arcCost, potential, root } = tree;
  const carrying: number[] = [];
  for (let node = 0; node < n + m; node++) {
    if (parent[node] !== root && flow[node] > 0) carrying.push(node);
  }
  const arcs = carrying
    .map((node) => ({
      row: Math.min(node, parent[node]),
      column: Math.max(node, parent[node]) - n,
      mass: flow[node] * unit,
      cost: arcCost[node],
    }))
    .sort((p, q) => p.row - q.row || p.column - q.column);
  return {
    plan: {
      n,
      m,
      rows: Int32Array.from(arcs, (arc) => arc.row),
      columns: Int32Array.from(arcs, (arc) => arc.column),
      mass: Float64Array.from(arcs, (arc) => arc.mass),
    },
    u: potential.slice(0, n),
    v: potential.slice(n, n + m).map((p) => -p),
    cost: arcs.reduce((sum, arc) => sum + arc.mass * arc.cost, 0),
  };
}

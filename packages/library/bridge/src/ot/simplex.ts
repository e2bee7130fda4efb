// Exact transport between samples of any sizes: the primal network simplex on the transportation problem. Mass is counted
// in whole units, so that flows cancel to exactly zero, and the basis is strongly feasible, so that it ends although
// uniform weights are degenerate.
import { type Cost, checkCost } from "./cost.js";
import { checkSize, type Potentials, type SparsePlan } from "./plan.js";
import { improve } from "./pricing.js";
import { firstPrices, plantTree } from "./start.js";
import { BasisTree, type Problem } from "./tree.js";

/** An exact plan with its proof. */
export interface Transport extends Potentials {
  plan: SparsePlan;
  /** Σ plan_ij c_ij. */
  cost: number;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/**
 * Solves the transportation problem between n and m points of equal weights, of mass 1 in all, exactly.
 *
 * `cost` [n, m] row by row; memory beyond it is O(n + m). Throws a BridgeError on wrong lengths and costs that are not
 * finite. Bonneel 2011; Cunningham 1976.
 */
export function simplex(cost: Cost, n: number, m: number): Transport {
  checkSize("n", n);
  checkSize("m", m);
  checkCost(cost, n, m);
  const common = gcd(n, m);
  const problem: Problem = { n, m, cost, tree: new BasisTree(n, m) };
  const prices = firstPrices(cost, n, m, simplex);
  plantTree(problem, { supply: m / common, demand: n / common, prices });
  // Potentials are computed afresh until no arc improves, so that no rounding errors of many pivots are left.
  do problem.tree.refresh();
  while (improve(problem) > 0);
  return result(problem, common / (n * m));
}

/** The plan, its cost and the dual potentials of the final tree. */
function result({ n, m, tree }: Problem, unit: number): Transport {
  const { parent, flow, arcCost, potential, root } = tree;
  const carrying: number[] = [];
  for (let node = 0; node < n + m; node++) {
    if (parent[node] !== root && flow[node]! > 0) carrying.push(node);
  }
  const arcs = carrying
    .map((node) => ({
      row: Math.min(node, parent[node]!),
      column: Math.max(node, parent[node]!) - n,
      mass: flow[node]! * unit,
      cost: arcCost[node]!,
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

// Exact transport of any sizes: the primal network simplex. Mass is counted in whole units, so flows cancel exactly,
// and a strongly feasible basis ends despite degeneracy. Reading rows is most of the work, so each row has a shortlist of
// its best arcs, and a large problem takes its first prices from a part of its points.
import { type Cost, checkCost } from "./cost.js";
import { checkSize, type Potentials, type SparsePlan } from "./plan.js";
import { BasisTree, type TransportProblem } from "./tree.js";

export interface Transport extends Potentials {
  plan: SparsePlan;
  /** Σ plan_ij c_ij. */
  cost: number;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/**
 * Solves transport between n and m equally weighted points exactly, of mass 1, for `cost` [n, m]
 * row by row (Bonneel 2011; Cunningham 1976). Throws a BridgeError for wrong lengths, NaN or
 * infinity.
 */
export function simplex(cost: Cost, n: number, m: number): Transport {
  checkSize("n", n);
  checkSize("m", m);
  checkCost(cost, n, m);
  const common = gcd(n, m);
  const problem: TransportProblem = { n, m, cost, tree: new BasisTree(n, m) };
  const prices = firstPrices(cost, n, m, simplex);
  plantTree(problem, { supply: m / common, demand: n / common, prices });
  // Fresh potentials remove the rounding errors of many pivots. Pivots by rounding alone would never end.
  let before = Number.POSITIVE_INFINITY;
  let now = before;
  do {
    before = now;
    problem.tree.refresh();
    improve(problem);
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

const kept = 8;
const passes = 6;

interface Shortlists {
  readonly size: number;
  readonly columns: Int32Array;
  readonly costs: Float64Array;
}

/**
 * Pivots until no arc improves the plan of a feasible basis (shortlist method, Gottschlich 2014). Returns the
 * number of pivots.
 */
function improve(problem: TransportProblem): number {
  const { n, m } = problem;
  const size = Math.min(kept, m);
  const lists = { size, columns: new Int32Array(n * size), costs: new Float64Array(n * size) };
  let pivots = 0;
  for (;;) {
    const arc = readRows(problem, lists);
    if (arc === 0) return pivots;
    pivots += arc;
    for (let pass = 0; pass < passes; pass++) {
      const listed = workOff(problem, lists);
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
    const base = i * m;
    reducedCosts.fill(Number.POSITIVE_INFINITY);
    let bound = Number.POSITIVE_INFINITY;
    for (let j = 0; j < m; j++) {
      const reduced = cost[base + j] + sinks[j];
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
    if (improves(cost[base + first], potential[i], sinks[first])) {
      tree.pivot(i, n + first, cost[base + first]);
      pivots++;
    }
    for (let k = 0; k < size; k++) {
      columns[i * size + k] = best[k];
      costs[i * size + k] = cost[base + best[k]];
    }
  }
  return pivots;
}

function workOff({ tree, n }: TransportProblem, { size, columns, costs }: Shortlists): number {
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
    if (!improves(costs[at], potential[i], potential[j])) continue;
    tree.pivot(i, j, costs[at]);
    pivots++;
  }
  return pivots;
}

/** By more than rounding; otherwise pivots might never end. */
function improves(cost: number, source: number, sink: number): boolean {
  const rounding = Math.abs(cost) + Math.abs(source) + Math.abs(sink);
  return cost - source + sink < -4 * Number.EPSILON * rounding;
}

const smallest = 2 ** 18;
const share = 4;

/** Price guesses from a smaller problem that `solve` solves; null for a small problem. */
function firstPrices(
  cost: Cost,
  n: number,
  m: number,
  solve: (cost: Cost, n: number, m: number) => Potentials,
): Potentials | null {
  const rows = Math.floor(n / share);
  const columns = Math.floor(m / share);
  if (n * m < smallest || rows === 0 || columns === 0) return null;
  // Rows spread over the whole table, since the table may be sorted.
  const sources = spreadOver(n, rows);
  const sinks = spreadOver(m, columns);
  const part = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) part[i * columns + j] = cost[sources[i] * m + sinks[j]];
  const { v: known } = solve(part, rows, columns);
  // u_i = min_j c_ij − v_j over sinks with a price, then v_j = min_i c_ij − u_i.
  const u = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const v = new Float64Array(m).fill(Number.POSITIVE_INFINITY);
  for (let i = 0; i < n; i++) {
    const base = i * m;
    let least = Number.POSITIVE_INFINITY;
    for (let j = 0; j < columns; j++) {
      const reduced = cost[base + sinks[j]] - known[j];
      if (reduced < least) least = reduced;
    }
    u[i] = least;
    for (let j = 0; j < m; j++) {
      const reduced = cost[base + j] - least;
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
function plantTree(
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
    const base = i * m;
    let rest = supply;
    while (rest > 0) {
      let at = count - 1;
      let least = cost[base + open[at]] - v[open[at]];
      for (let k = 0; k < count; k++) {
        const reduced = cost[base + open[k]] - v[open[k]];
        if (reduced < least) {
          least = reduced;
          at = k;
        }
      }
      const j = open[at];
      const sent = Math.min(rest, room[j]);
      tree.graft(n + j, i, sent, cost[base + j]);
      rest -= sent;
      room[j] = room[j] - sent;
      if (room[j] === 0) open[at] = open[--count];
    }
  }
}

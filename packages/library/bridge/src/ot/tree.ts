// The simplex's basis: a spanning tree over n sources, m sinks and a root, strongly feasible (arcs without flow point
// to the root), which prevents cycling (Cunningham 1976).
import type { CostRows } from "./cost.js";

/** Transport between n sources and m sinks, while it is solved. */
export interface TransportProblem {
  /** Sources. */
  readonly n: number;
  /** Sinks. */
  readonly m: number;
  /** Costs [n, m]. */
  readonly cost: CostRows;
  /** The basis. */
  readonly tree: BasisTree;
}

/** Node i < n is a source, n + j a sink, n + m the root. */
export class BasisTree {
  /** The node n + m, above all components. */
  readonly root: number;
  /** c_ij = potential[i] − potential[n + j] on tree arcs: u_i = potential[i], v_j = −potential[n + j]. */
  readonly potential: Float64Array;
  /** The node above each node. */
  readonly parent: Int32Array;
  /** Flow of the arc to the parent, in whole units. */
  readonly flow: Float64Array;
  /** Cost of the arc to the parent. */
  readonly arcCost: Float64Array;
  readonly #n: number;
  readonly #depth: Int32Array;
  readonly #child: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;

  constructor(n: number, m: number) {
    const size = n + m + 1;
    this.#n = n;
    this.root = n + m;
    this.potential = new Float64Array(size);
    this.flow = new Float64Array(size);
    this.arcCost = new Float64Array(size);
    this.parent = new Int32Array(size).fill(-1);
    this.#depth = new Int32Array(size);
    this.#child = new Int32Array(size).fill(-1);
    this.#next = new Int32Array(size).fill(-1);
    this.#previous = new Int32Array(size).fill(-1);
  }

  /** Hangs a node without children below `above`, by an arc with a flow and a cost. */
  link(node: number, above: number, flow: number, cost: number): void {
    const head = this.#child[above];
    this.parent[node] = above;
    this.flow[node] = flow;
    this.arcCost[node] = cost;
    this.#next[node] = head;
    this.#previous[node] = -1;
    if (head >= 0) this.#previous[head] = node;
    this.#child[above] = node;
  }

  /**
   * Joins the component of `top`, a child of the root, to the component of `above`. Depths and
   * potentials need `refresh` afterwards.
   */
  graft(top: number, above: number, flow: number, cost: number): void {
    let cut = top;
    while (this.parent[cut] !== this.root) cut = this.parent[cut];
    this.#turn(cut, top, above, flow, cost);
  }

  #unlink(node: number): void {
    const before = this.#previous[node];
    const after = this.#next[node];
    if (before >= 0) this.#next[before] = after;
    else this.#child[this.parent[node]] = after;
    if (after >= 0) this.#previous[after] = before;
  }

  /** Computes depths and potentials again from the root. */
  refresh(): void {
    const { root, parent, potential } = this;
    for (let node = this.#child[root]; node >= 0; node = this.#following(node, root)) {
      const c = this.arcCost[node];
      this.#depth[node] = this.#depth[parent[node]] + 1;
      potential[node] = potential[parent[node]] + (node < this.#n ? c : -c);
    }
  }

  #following(node: number, top: number): number {
    if (this.#child[node] >= 0) return this.#child[node];
    let at = node;
    while (at !== top) {
      if (this.#next[at] >= 0) return this.#next[at];
      at = this.parent[at];
    }
    return -1;
  }

  /**
   * Adds the arc from source `i` to node `j` = n + column, sends as much flow as its cycle allows, and removes the
   * last blocking arc.
   */
  pivot(i: number, j: number, cost: number): void {
    const { parent, flow, root } = this;
    const n = this.#n;
    const reduced = cost - this.potential[i] + this.potential[j];
    const depth = this.#depth;
    let p = i;
    let q = j;
    let step = Number.POSITIVE_INFINITY;
    let leaving = -1;
    // Above i the cycle runs down: upward arcs lose flow. Above j it runs up: downward arcs lose flow.
    let leavingFromJ = -1;
    let stepJ = Number.POSITIVE_INFINITY;
    while (p !== q) {
      if (depth[p] >= depth[q]) {
        if ((p < n || parent[p] === root) && flow[p] < step) {
          step = flow[p];
          leaving = p;
        }
        p = parent[p];
      } else {
        if (q >= n && parent[q] !== root && flow[q] <= stepJ) {
          stepJ = flow[q];
          leavingFromJ = q;
        }
        q = parent[q];
      }
    }
    const join = p;
    const onJ = stepJ <= step;
    if (onJ) {
      step = stepJ;
      leaving = leavingFromJ;
    }
    if (step > 0) {
      for (p = i; p !== join; p = parent[p]) flow[p] = flow[p] + (p < n ? -step : step);
      for (q = j; q !== join; q = parent[q]) flow[q] = flow[q] + (q < n ? step : -step);
    }
    const [top, above] = onJ ? [j, i] : [i, j];
    this.#turn(leaving, top, above, step, cost);
    this.#shift(top, onJ ? -reduced : reduced);
  }

  #turn(cut: number, top: number, above: number, flow: number, cost: number): void {
    let node = top;
    let newParent = above;
    let newFlow = flow;
    let newCost = cost;
    for (;;) {
      const oldParent = this.parent[node];
      const oldFlow = this.flow[node];
      const oldCost = this.arcCost[node];
      this.#unlink(node);
      this.link(node, newParent, newFlow, newCost);
      if (node === cut) return;
      newParent = node;
      newFlow = oldFlow;
      newCost = oldCost;
      node = oldParent;
    }
  }

  #shift(top: number, shift: number): void {
    const { potential, parent } = this;
    for (let node = top; node >= 0; node = this.#following(node, top)) {
      potential[node] = potential[node] + shift;
      this.#depth[node] = this.#depth[parent[node]] + 1;
    }
  }
}

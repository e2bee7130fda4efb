// A plan is turned into pairs without duplicates by walking from it to a corner of Birkhoff's
// polytope at random, in such a way that the mean stays the plan.
import { assignment } from "./assignment.js";
import { checkUniform, TransportError } from "./errors.js";
import { checkDense, checkMass, type DensePlan, densePlan, type SparsePlan } from "./plan.js";

/**
 * Draws a permutation from a square plan with uniform marginals: every point is used once.
 *
 * The plan times n is a point of Birkhoff's polytope; mass is moved at random around cycles of its
 * fractional entries until it is a corner, so that row i goes to column j with the probability
 * n·plan_ij (dependent rounding: Gandhi, Khuller, Parthasarathy, Srinivasan, J. ACM 53, 2006). A
 * permutation plan gives itself. `uniform()` returns a number in [0, 1); it is called once a cycle,
 * at most once an entry of the plan. Where the marginals are only nearly uniform (Sinkhorn), what
 * is left without a cycle is rounded to the likeliest permutation. Throws `InvalidShape`,
 * `InvalidUniform`, and `InvalidMarginal` where a row or column is off by more than 1 %.
 */
export function samplePermutation(plan: SparsePlan | DensePlan, uniform: () => number): Int32Array {
  const { n, m } = plan;
  if (n !== m) {
    throw new TransportError(
      "InvalidShape",
      `plan is ${n} × ${m}: expected a square one; draw with replacement instead`,
    );
  }
  if ("mass" in plan) {
    const itself = asPermutation(plan);
    if (itself !== undefined) return itself;
  } else {
    checkDense(plan);
  }
  const share = "mass" in plan ? densePlan(plan) : Float64Array.from(plan.entries);
  toBirkhoff(share, n);
  const path = new Int32Array(2 * n + 1);
  const position = new Int32Array(2 * n);
  for (let draws = 0; ; draws++) {
    const from = findCycle(share, n, path, position);
    if (from === undefined) break;
    const u = uniform();
    checkUniform(u, draws);
    shiftCycle(share, n, path, from, u);
  }
  return assignment(
    share.map((p) => -p),
    n,
  ).columns;
}

/** The columns of a plan with one entry in each row and column; undefined for other plans. */
function asPermutation({ n, rows, columns }: SparsePlan): Int32Array | undefined {
  if (rows.length !== n || new Set(columns).size !== n) return undefined;
  const permutation = new Int32Array(n).fill(-1);
  rows.forEach((row, k) => {
    permutation[row] = columns[k]!;
  });
  return permutation.includes(-1) ? undefined : permutation;
}

/** Below this a share counts as none: far above rounding, far below any share that matters. */
const negligible = 1e-9;

/** Scales a plan to row and column sums of one, in place; throws where it is no such plan. */
function toBirkhoff(share: Float64Array, n: number): void {
  let sum = 0;
  share.forEach((mass, k) => {
    checkMass(mass, k);
    sum += mass;
  });
  const columns = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let row = 0;
    for (let j = 0; j < n; j++) {
      const p = (share[i * n + j]! * n) / sum;
      share[i * n + j] = p;
      row += p;
      columns[j] = columns[j]! + p;
    }
    checkSum("row", i, row);
  }
  columns.forEach((column, j) => {
    checkSum("column", j, column);
  });
}

/**
 * Finds a cycle of fractional entries. Nodes are rows i and columns n + j; the cycle is
 * path[0] … path[length − 1] and back. Returns its length, or undefined where there is none.
 */
function findCycle(
  share: Float64Array,
  n: number,
  path: Int32Array,
  position: Int32Array,
): number | undefined {
  const dead = new Uint8Array(2 * n);
  for (let root = 0; root < n; root++) {
    if (dead[root] === 1) continue;
    position.fill(-1);
    path[0] = root;
    position[root] = 0;
    let at = 0;
    while (at >= 0) {
      const node = path[at]!;
      const back = at > 0 ? path[at - 1]! : -1;
      const next = neighbour(share, n, node, back, dead);
      if (next < 0) {
        dead[node] = 1;
        at--;
      } else if (position[next]! >= 0) {
        const begin = position[next]!;
        path.copyWithin(0, begin, at + 1);
        return at + 1 - begin;
      } else {
        path[++at] = next;
        position[next] = at;
      }
    }
  }
  return undefined;
}

/** A node joined to `node` by a fractional entry, not `back` and not dead; −1 where there is none. */
function neighbour(share: Float64Array, n: number, node: number, back: number, dead: Uint8Array) {
  const isRow = node < n;
  for (let k = 0; k < n; k++) {
    const other = isRow ? n + k : k;
    const p = share[isRow ? node * n + k : k * n + node - n]!;
    if (p > negligible && p < 1 - negligible && other !== back && dead[other] === 0) return other;
  }
  return -1;
}

/** Moves mass around a cycle, one way or the other, until an entry is empty; the mean stays. */
function shiftCycle(share: Float64Array, n: number, path: Int32Array, length: number, u: number) {
  const entry = (k: number) => {
    const p = path[k]!;
    const q = path[(k + 1) % length]!;
    return p < n ? p * n + q - n : q * n + p - n;
  };
  const least = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let k = 0; k < length; k++) least[k % 2] = Math.min(least[k % 2]!, share[entry(k)]!);
  const [even, odd] = least as [number, number];
  // Even entries lose `even` with the probability odd / (even + odd), else odd ones lose `odd`.
  const step = u * (even + odd) < odd ? -even : odd;
  for (let k = 0; k < length; k++) {
    const at = entry(k);
    const moved = share[at]! + (k % 2 === 0 ? step : -step);
    share[at] = moved > negligible ? moved : 0;
  }
}

function checkSum(name: string, index: number, sum: number): void {
  if (Math.abs(sum - 1) <= 0.01) return;
  throw new TransportError(
    "InvalidMarginal",
    `plan ${name} ${index} holds ${sum} of 1/n: expected uniform marginals; draw with replacement`,
  );
}

// Pairs without repetition from an entropic plan: a random permutation whose mean is the plan.
import { BridgeError } from "../core/errors.js";
import { assignment } from "./assignment.js";
import { checkDense, checkMass, type DensePlan } from "./plan.js";
import { checkUniform } from "./sample.js";

/**
 * Draws a permutation from a square plan with uniform marginals: every point is used once.
 *
 * The plan times n is a doubly stochastic matrix; mass is moved at random around cycles of its fractional entries
 * until it is a permutation, so that row i is paired with column j with probability n·plan_ij (dependent rounding,
 * Gandhi 2006). `uniform()` returns a number in [0, 1); it is called once per cycle, at most once per entry. Where
 * the marginals are only nearly uniform (Sinkhorn), the rest that has no cycle is rounded to the likeliest
 * permutation. Throws a BridgeError where a row or column sum is off by more than 1 %.
 */
export function samplePermutation(plan: DensePlan, uniform: () => number): Int32Array {
  const { n, m } = plan;
  if (n !== m) {
    throw new BridgeError(
      "argument",
      `plan is ${n} × ${m}: expected a square one; draw with replacement instead`,
    );
  }
  checkDense(plan);
  const share = Float64Array.from(plan.entries);
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

/** A smaller share counts as 0: far above rounding errors, far below any share that matters. */
const negligible = 1e-9;

/** Scales a plan to row and column sums of 1, in place; throws where they are not nearly uniform. */
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
  const closed = new Uint8Array(2 * n);
  for (let root = 0; root < n; root++) {
    if (closed[root] === 1) continue;
    position.fill(-1);
    path[0] = root;
    position[root] = 0;
    let at = 0;
    while (at >= 0) {
      const node = path[at]!;
      const back = at > 0 ? path[at - 1]! : -1;
      const next = neighbour(share, n, node, back, closed);
      if (next < 0) {
        closed[node] = 1;
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

/** A node joined to `node` by a fractional entry, other than `back` and not closed; −1 where there is none. */
function neighbour(share: Float64Array, n: number, node: number, back: number, closed: Uint8Array) {
  const isRow = node < n;
  for (let k = 0; k < n; k++) {
    const other = isRow ? n + k : k;
    const p = share[isRow ? node * n + k : k * n + node - n]!;
    if (p > negligible && p < 1 - negligible && other !== back && closed[other] === 0) return other;
  }
  return -1;
}

/** Moves mass around a cycle, at random in one of the two ways, until an entry is 0; the mean does not change. */
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
  throw new BridgeError(
    "argument",
    `plan ${name} ${index} holds ${sum} of 1/n: expected uniform marginals; draw with replacement`,
  );
}

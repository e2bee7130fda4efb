// Random pairs from a plan. The random numbers are arguments, so that all of a run come from one seed.
import { argumentError } from "../core/errors.js";
import { checkSize, type DensePlan, type SparsePlan } from "./plan.js";

/** Index pairs: x0[rows[k]] is paired with x1[columns[k]]. */
export interface Pairs {
  rows: Int32Array;
  columns: Int32Array;
}

/**
 * Draws pairs with replacement from a plan by its inverse distribution function.
 *
 * One pair for each of `uniforms` in [0, 1): the first entry, in row-major order, whose running sum
 * passes u times the plan's mass. Pairs can repeat and points can be left out, as in the minibatch
 * coupling of OT-CFM (Tong 2024). Throws a BridgeError where `plan` is no plan or a number not in [0, 1).
 */
export function samplePairs(plan: SparsePlan | DensePlan, uniforms: ArrayLike<number>): Pairs {
  const entries = "mass" in plan ? plan.mass : plan.entries;
  if (!("mass" in plan)) checkDense(plan);
  const running = new Float64Array(entries.length);
  let sum = 0;
  let last = -1;
  for (let k = 0; k < entries.length; k++) {
    const mass = entries[k]!;
    if (!(mass >= 0 && mass < Number.POSITIVE_INFINITY))
      throw argumentError(
        `plan entry ${k} is ${mass}: expected a finite mass that is not negative`,
      );
    sum += mass;
    running[k] = sum;
    if (mass > 0) last = k;
  }
  if (last < 0) throw argumentError("plan has no mass: nothing to draw");
  const rows = new Int32Array(uniforms.length);
  const columns = new Int32Array(uniforms.length);
  for (let s = 0; s < uniforms.length; s++) {
    const u = uniforms[s]!;
    if (!(u >= 0 && u < 1))
      throw argumentError(`uniform ${s} is ${u}: expected a number in [0, 1)`);
    const k = Math.min(last, firstAbove(running, u * sum));
    rows[s] = "mass" in plan ? plan.rows[k]! : Math.floor(k / plan.m);
    columns[s] = "mass" in plan ? plan.columns[k]! : k % plan.m;
  }
  return { rows, columns };
}

/** Throws a BridgeError where a dense plan has not n·m entries. */
function checkDense({ n, m, entries }: DensePlan): void {
  checkSize("n", n);
  checkSize("m", m);
  if (entries.length === n * m) return;
  throw argumentError(`plan has ${entries.length} entries: expected n × m = ${n} × ${m}`);
}

/** The first index whose value lies above `target` in an ascending array. */
function firstAbove(ascending: Float64Array, target: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

// The one door to exact plans: equal batches with equal weights are an assignment, anything else
// needs the simplex.
import { assignment } from "./assignment.js";
import type { Cost } from "./cost.js";
import { isUniform, toUnits } from "./marginals.js";
import { permutationPlan, type SparsePlan } from "./plan.js";
import { simplex } from "./simplex.js";

/** An exact plan: its positive entries, and the permutation where it is one. */
export interface ExactPlan {
  plan: SparsePlan;
  /** Row i goes to column `permutation[i]`; undefined where mass is split or weights differ. */
  permutation?: Int32Array;
  /** Σ plan_ij c_ij; with the default weights the mean cost of a pair. */
  cost: number;
}

/**
 * An exact optimal transport plan between n and m points (weights uniform with mass 1 by default).
 *
 * `cost` [n, m] row by row, stored or computed; `a` [n], `b` [m]. Throws `TransportError` with
 * `InvalidShape`, `InvalidCost` or `InvalidMarginal`.
 */
export function exactPlan(
  cost: Cost,
  n: number,
  m: number,
  a?: ArrayLike<number>,
  b?: ArrayLike<number>,
): ExactPlan {
  if (n !== m || !isUniform(a) || !isUniform(b)) return simplex(cost, n, m, a, b);
  const mass = toUnits(n, m, a, b).unit * n;
  const solved = assignment(cost, n);
  return {
    plan: permutationPlan(solved.columns, mass),
    permutation: solved.columns,
    cost: (solved.cost * mass) / n,
  };
}

// Exact plans. The assignment solver takes equal sizes and weights: it is the faster one for minibatches. The simplex
// takes everything else, and all tables of points: it is as fast from some thousand points on, and much faster where
// many costs are equal.
import { type Tensor, tidy } from "@dsbm/torch";
import { assignment } from "./assignment.js";
import { type Cost, pointCosts, vectors } from "./cost.js";
import { isUniform, toUnits } from "./marginals.js";
import { permutationPlan, type SparsePlan } from "./plan.js";
import { simplex } from "./simplex.js";

/** An exact plan: its positive entries, and the permutation where it is one. */
export interface ExactPlan {
  plan: SparsePlan;
  /** Row i is paired with column `permutation[i]`; undefined where mass is split or weights differ. */
  permutation?: Int32Array;
  /** Σ plan_ij c_ij; with the default weights the mean cost of a pair. */
  cost: number;
}

/**
 * An exact optimal transport plan between n and m points (weights uniform with mass 1 by default).
 *
 * `cost` [n, m] row by row; `a` [n], `b` [m]. Throws a BridgeError on wrong lengths, costs that
 * are not finite, and weights that are negative or of different total.
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

/**
 * The optimal plan between points x [n, …] and y [m, …] with uniform weights and the cost |x_i − y_j|^p.
 *
 * The costs are held in float32, 4nm bytes, and the plan is optimal for them: its cost is within a relative 2⁻²² of
 * the least one. For p = 2 the means are subtracted first, which changes all plans' costs by the same number.
 * Throws a BridgeError where there are no points or a coordinate is not finite.
 */
export function exactPointPlan(x: Tensor, y: Tensor, { p = 2 }: { p?: 1 | 2 } = {}): ExactPlan {
  return tidy(() => {
    let [a, b] = [vectors(x), vectors(y)];
    let shift = 0;
    if (p === 2) {
      const means = [a.mean(0), b.mean(0)] as const;
      [a, b] = [a.sub(means[0]), b.sub(means[1])];
      shift = means[0].sub(means[1]).square().sum().item();
    }
    const { cost, unit } = pointCosts(a, b, p);
    const [n, m] = [a.size(0), b.size(0)];
    const solved = simplex(cost, n, m);
    return {
      plan: solved.plan,
      ...(n === m && { permutation: solved.plan.columns }),
      cost: solved.cost * unit ** p + shift,
    };
  });
}

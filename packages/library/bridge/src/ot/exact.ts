import { allFinite, type Tensor, tidy } from "@dsbm/torch";
import { dataError, notFiniteError } from "../core/errors.js";
import { assignment } from "./assignment.js";
import { asVectors, type Cost, pointCostRows, pointCosts } from "./cost.js";
import { type Potentials, permutationPlan, type SparsePlan } from "./plan.js";
import { simplex, simplexOfRows, type Transport } from "./simplex.js";

/** An optimal plan. */
export interface ExactPlan {
  /** The plan, of mass 1. */
  plan: SparsePlan;
  /** Row i is paired with column `permutation[i]`; undefined if mass is split. */
  permutation?: Int32Array;
  /** Σ plan_ij c_ij, the mean cost of a pair. */
  cost: number;
}

const fewRows = 256;
/** More costs are not kept in memory (256 MiB), but computed again for each reading. */
const mostKeptCosts = 2 ** 26;

/** Points of each side for which an exact plan takes at most about an hour: its time grows faster than their square. */
export const mostExactPoints = 30_000;

function byAssignment(cost: Cost, n: number): Transport {
  const { columns, cost: total, u, v } = assignment(cost, n);
  return { plan: permutationPlan(columns), cost: total / n, u, v };
}

/**
 * An exact transport plan between n and m equally weighted points, of mass 1, for `cost` [n, m] row by row.
 * @throws {BridgeError} for wrong lengths, NaN or infinity.
 */
export function exactPlan(cost: Cost, n: number, m: number): ExactPlan {
  if (n !== m) return simplex(cost, n, m);
  const { plan, cost: mean } = byAssignment(cost, n);
  return { plan, permutation: plan.columns, cost: mean };
}

/** @throws {BridgeError} for too many points, and for NaN or infinity. */
function solvePoints(
  a: Tensor,
  b: Tensor,
  { p, mostCosts }: { p: 1 | 2; mostCosts: number },
): { solved: Transport; unit: number } {
  const n = a.size(0);
  const m = b.size(0);
  if (Math.max(n, m) > mostExactPoints)
    throw dataError(
      `exact transport of ${n} and ${m} points: expected at most ${mostExactPoints} of each, since its time grows faster than the square of the points; take a part of them, or Sinkhorn's algorithm`,
    );
  if (n * m > mostCosts) {
    for (const t of [a, b])
      if (!allFinite(t)) throw notFiniteError("the points have values that are NaN or infinite");
    const { cost, unit } = pointCostRows(a, b, p);
    return { solved: simplexOfRows(cost, n, m), unit };
  }
  const { cost, unit } = pointCosts(a, b, p);
  const solved = n === m && n <= fewRows ? byAssignment(cost, n) : simplex(cost, n, m);
  return { solved, unit };
}

/**
 * The optimal plan between points x [n, …] and y [m, …] for |x_i − y_j|^p. Costs are float32, so its cost is within a
 * relative 2⁻²² of the least. More than `mostCosts` of them (2²⁶) are computed from the points a block of rows at a
 * time, to the same plan.
 * @throws {BridgeError} without points, above 30,000 of them, and for NaN or infinity.
 */
export function exactPointPlan(
  x: Tensor,
  y: Tensor,
  { p = 2, mostCosts = mostKeptCosts }: { p?: 1 | 2; mostCosts?: number } = {},
): ExactPlan & Potentials {
  return tidy(() => {
    let a = asVectors(x);
    let b = asVectors(y);
    let shift = 0;
    let slopes: [ArrayLike<number>, ArrayLike<number>] | null = null;
    if (p === 2) {
      const means = [a.mean(0), b.mean(0)] as const;
      const between = means[0].sub(means[1]);
      [a, b] = [a.sub(means[0]), b.sub(means[1])];
      shift = between.square().sum().item();
      // |a + Δ − b|² = |a − b|² + 2 Δ·a − 2 Δ·b + |Δ|².
      slopes = [a.mv(between).mul(2).toNumbers(), b.mv(between).mul(-2).toNumbers()];
    }
    const { solved, unit } = solvePoints(a, b, { p, mostCosts });
    return {
      plan: solved.plan,
      ...(a.size(0) === b.size(0) && { permutation: solved.plan.columns }),
      cost: solved.cost * unit ** p + shift,
      u: solved.u.map((value, i) => value * unit ** p + (slopes?.[0][i] ?? 0) + shift),
      v: solved.v.map((value, j) => value * unit ** p + (slopes?.[1][j] ?? 0)),
    };
  });
}

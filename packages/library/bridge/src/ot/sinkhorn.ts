// Entropic transport: by the kernel of points if costs are moderate, else from large to small regularisations.
import { type Device, expProduct, full, noGrad, Tensor, tidy } from "@dsbm/torch";
import { argumentError } from "../core/errors.js";
import { asVectors, squaredDistances, squaredNorms } from "./cost.js";
import {
  type EntropicPotentials,
  type EntropicProblem,
  type SinkhornAim,
  solvePotentials,
} from "./entropic-potentials.js";
import { scaleToPlan, scalingExponent } from "./scaling.js";

/** Options of `sinkhorn`. */
export interface SinkhornOptions {
  /** Weight of the entropy, in units of the cost, above 0. */
  reg: number;
  /** Weight of KL(row sums | 1/n) and KL(column sums | 1/m), above 0; null (default) keeps both sums exactly. */
  penalty?: number | null | undefined;
  /** With a penalty and a matrix of costs: keeps column sums exactly (semi-relaxed transport). */
  exactColumns?: boolean;
  /** Largest total deviation of row sums (default 1e-9). */
  tolerance?: number;
  /** Maximum number of iterations at the final regularisation (default 20,000). */
  iterations?: number;
}

/** A rough start for the next regularisation; with larger errors the last step may not converge. */
const roughTolerance = 1e-3;
/** Costs in units of the entropy's weight from which regularisations get smaller in steps. */
const moderateCost = 128;

/** A plan of `sinkhorn`. */
export interface EntropicPlan {
  /** float64 [n, m]; column sums are exact, row sums within `error`; unbalanced plans have another mass. */
  plan: Tensor;
  /** Total change of the row sums in the next iteration. */
  error: number;
  /** Iterations at the final regularisation. */
  iterations: number;
  /** Whether `error` is within the tolerance. */
  converged: boolean;
}

/** [n, …] and [m, …]; their squared distances are the costs. */
export interface PointSets {
  /** Rows of the plan. */
  x0: Tensor;
  /** Columns of the plan. */
  x1: Tensor;
}

/**
 * The plan that minimises ⟨P, C⟩ + reg·KL(P | ab) over couplings of n and m equally weighted points (Cuturi 2013), for
 * cost [n, m] or points; with a penalty ρ over all P ≥ 0, plus ρ·KL(P1 | a) + ρ·KL(Pᵀ1 | b) (Chizat et al. 2018).
 * @throws {BridgeError} for a bad `reg` or `penalty` or an infinite cost.
 */
export function sinkhorn(
  cost: Tensor | PointSets,
  {
    reg,
    penalty = null,
    exactColumns = false,
    tolerance = 1e-9,
    iterations = 20_000,
  }: SinkhornOptions,
): EntropicPlan {
  for (const [name, value] of Object.entries({ reg, ...(penalty !== null && { penalty }) }))
    if (!Number.isFinite(value) || value <= 0)
      throw argumentError(`sinkhorn: ${name} is ${value}; expected a finite number greater than 0`);
  const aim = { eps: reg, tolerance, most: iterations };
  return noGrad(() =>
    tidy(() => {
      const byPoints = cost instanceof Tensor ? null : tidy(() => solvePoints(cost, penalty, aim));
      const penalties = { rows: penalty, columns: exactColumns ? null : penalty };
      return byPoints ?? solveMatrix(matrixOf(cost), penalties, aim);
    }),
  );
}

function matrixOf(cost: Tensor | PointSets): Tensor {
  const matrix = cost instanceof Tensor ? cost : squaredDistances(cost.x0, cost.x1);
  if (matrix.ndim === 2) return matrix.to("float64");
  throw argumentError(`sinkhorn: cost has shape [${matrix.shape}]; expected [n, m]`);
}

const logWeights = (count: number, device: Device): Tensor =>
  full([count], -Math.log(count), { dtype: "float64", device });

function solveMatrix(
  c: Tensor,
  penalty: EntropicProblem["penalty"],
  aim: SinkhornAim,
): EntropicPlan {
  const least = c.amin();
  const spread = c.amax().sub(least).item();
  if (!Number.isFinite(spread))
    throw argumentError("sinkhorn: the cost has values that are NaN or infinite");
  const logA = logWeights(c.size(0), c.device);
  const logB = logWeights(c.size(1), c.device);
  const problem = { c, logA, logB, penalty };
  let at: EntropicPotentials = { f: logA.mul(0).add(least), g: logB.mul(0) };
  let begun = 0;
  // Larger regularisations need only rough solutions.
  for (let eps = spread / moderateCost; eps > aim.eps; eps /= 2) {
    const solution = solvePotentials(problem, at, { eps, tolerance: roughTolerance, most: 200 });
    solution.plan?.dispose();
    begun += solution.count;
    at = solution;
  }
  const { f, g, error, count, plan } = solvePotentials(problem, at, aim);
  return {
    plan: plan ?? f.unsqueeze(-1).add(g.unsqueeze(-2)).sub_(c).div_(aim.eps).exp_(),
    error,
    iterations: begun + count,
    converged: error <= aim.tolerance,
  };
}

function solvePoints(
  { x0, x1 }: PointSets,
  penalty: number | null,
  aim: SinkhornAim,
): EntropicPlan | null {
  const x = asVectors(x0);
  const y = asVectors(x1);
  if (x.size(1) !== y.size(1))
    throw argumentError(
      `sinkhorn: points of shapes [${x0.shape}] and [${x1.shape}]; expected as many coordinates in both`,
    );
  const { eps, tolerance, most } = aim;
  const center = x.mean(0);
  const left = x.sub(center);
  const right = y.sub(center);
  const norms = [squaredNorms(left), squaredNorms(right)] as const;
  const reach = norms[0].amax().mul(norms[1].amax()).sqrt().item();
  if (!((2 * reach) / eps < moderateCost)) return null;
  // (|x|² + |y|² − |x − y|²)/eps, with the potentials |x|² and |y|².
  const plan = expProduct(left.mul(2 / eps), right);
  const tau = scalingExponent(penalty, eps);
  const scalings = (of: Tensor) => {
    const norms = of.squeeze(1);
    const ones = norms.onesLike();
    const powers = tau === 1 ? ones : norms.mul((tau - 1) / eps).exp_();
    const weight = powers.div(of.size(0));
    return { ones, weight };
  };
  const rows = scalings(norms[0]);
  const columns = scalings(norms[1]);
  const u = rows.ones;
  const v = columns.ones;
  const taus = { rows: tau, columns: tau };
  const scaling = { a: rows.weight, b: columns.weight, u, v };
  const { count, error } = scaleToPlan(plan, scaling, { taus, tolerance, most });
  const converged = error <= tolerance;
  if (!converged && !(count >= most && Number.isFinite(error))) return null;
  return { plan, error, iterations: count, converged };
}

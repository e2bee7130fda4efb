// Entropic optimal transport by Sinkhorn's iteration in the log domain: stable for any regularisation, in float64, by kernels
// of the engine and tensor operations on the device of the cost. With a penalty the marginals may differ from uniform ones
// (unbalanced transport).
import {
  cat,
  type Device,
  full,
  noGrad,
  sinkhornIterate,
  sinkhornKernel,
  sinkhornPlan,
  sinkhornProductKernel,
  Tensor,
  tidy,
} from "@dsbm/torch";
import { BridgeError } from "../core/errors.js";
import { squaredDistances, squaredNorms, vectors } from "./cost.js";

export interface SinkhornOptions {
  /** Weight of the entropy, in units of the cost; greater than 0. */
  reg: number;
  /**
   * Unbalanced: the weight of KL(row sums | 1/n) and of KL(column sums | 1/m), in units of the cost, greater than 0; null
   * (default): both sums are kept exactly.
   */
  penalty?: number | null | undefined;
  /** Stops when the row sums are this close to where they should be, in total (default 1e-9). */
  tolerance?: number;
  /** Iterations at most at the final regularisation (default 20,000). */
  iterations?: number;
}

export interface EntropicPlan {
  /** float64 [n, m]; column sums exact, row sums within `error`; of unbalanced transport the whole mass is not 1. */
  plan: Tensor;
  /** Total deviation of the row sums from those of the next iteration. */
  error: number;
  iterations: number;
  converged: boolean;
}

/** Samples [n, …] and [m, …] whose squared distances are the costs. */
export interface Points {
  x0: Tensor;
  x1: Tensor;
}

/**
 * The plan that minimises ⟨P, C⟩ + reg·KL(P | ab) over the couplings of n and m points of equal weights a = 1/n, b = 1/m
 * (Cuturi 2013), for cost [n, m] or points, of which no matrix of costs is made where the scalings stay moderate; with a penalty ρ over all P ≥ 0, plus ρ·KL(P1 | a) + ρ·KL(Pᵀ1 | b), where KL(p | q) is
 * Σ p log(p/q) − p + q (Chizat et al. 2018). Potentials are carried from larger to smaller regularisations, which keeps
 * the number of iterations bounded. Throws a BridgeError for a bad `reg` or `penalty` or a cost that is not finite.
 */
export function sinkhorn(
  cost: Tensor | Points,
  { reg, penalty = null, tolerance = 1e-9, iterations = 20_000 }: SinkhornOptions,
): EntropicPlan {
  for (const [name, value] of Object.entries({ reg, ...(penalty !== null && { penalty }) }))
    if (!Number.isFinite(value) || value <= 0)
      throw new BridgeError(
        "argument",
        `sinkhorn: ${name} is ${value}; expected a finite number greater than 0`,
      );
  const aim = { eps: reg, tolerance, most: iterations };
  return noGrad(() =>
    tidy(() => {
      const byPoints = cost instanceof Tensor ? null : solvePoints(cost, penalty, aim);
      return byPoints ?? solveMatrix(matrixOf(cost), penalty, aim);
    }),
  );
}

function matrixOf(cost: Tensor | Points): Tensor {
  const matrix = cost instanceof Tensor ? cost : squaredDistances(cost.x0, cost.x1);
  if (matrix.ndim === 2) return matrix.to("float64");
  throw new BridgeError("argument", `sinkhorn: cost has shape [${matrix.shape}]; expected [n, m]`);
}

/** log 1/n of each of `count` points. */
const logWeights = (count: number, device: Device): Tensor =>
  full([count], -Math.log(count), { dtype: "float64", device });

function solveMatrix(c: Tensor, penalty: number | null, aim: Aim): EntropicPlan {
  const least = c.amin();
  const spread = c.amax().sub(least).item();
  if (!Number.isFinite(spread))
    throw new BridgeError("argument", "sinkhorn: the cost has values that are NaN or infinite");
  const [logA, logB] = [logWeights(c.size(0), c.device), logWeights(c.size(1), c.device)];
  const kernel = (f: Tensor, g: Tensor, eps: number) => sinkhornKernel(c, f, g, eps);
  const problem = { c, kernel, logA, logB, penalty };
  let at: Potentials = { f: logA.mul(0).add(least), g: logB.mul(0) };
  let begun = 0;
  // Larger regularisations only need rough solutions.
  for (let eps = spread / moderate; eps > aim.eps; eps /= 2) {
    const found = solve(problem, at, { eps, tolerance: rough, most: 20 }) as Advanced;
    found.plan?.dispose();
    begun += found.count;
    at = found;
  }
  const { f, g, error, count, plan } = solve(problem, at, aim) as Advanced;
  return {
    plan: plan ?? f.unsqueeze(-1).add(g.unsqueeze(-2)).sub_(c).div_(aim.eps).exp_(),
    ...{ error, iterations: begun + count, converged: error <= aim.tolerance },
  };
}

/** The same from products of the points alone; null where the costs may have too wide a range for it. */
function solvePoints({ x0, x1 }: Points, penalty: number | null, aim: Aim): EntropicPlan | null {
  const points = [vectors(x0), vectors(x1)] as const;
  if (points[0].size(1) !== points[1].size(1))
    throw new BridgeError(
      "argument",
      `sinkhorn: points of shapes [${x0.shape}] and [${x1.shape}]; expected as many coordinates at both ends`,
    );
  const center = points[0].mean(0);
  const [a, b] = [points[0].sub(center), points[1].sub(center)];
  const [left, right] = [squaredNorms(a), squaredNorms(b)];
  const reach = left.amax().sqrt().add(right.amax().sqrt()).square().item();
  if (!(reach / aim.eps < tooFar)) return null;
  // (f + g − |a − b|²)/eps = [2a, f − |a|², 1] · [b, 1, g − |b|²] / eps
  const kernel = (f: Tensor, g: Tensor, eps: number) =>
    sinkhornProductKernel(
      cat([a.mul(2), f.unsqueeze(-1).sub(left), left.onesLike()], { dim: 1 }).div_(eps),
      cat([b, right.onesLike(), g.unsqueeze(-1).sub(right)], { dim: 1 }),
    );
  const [logA, logB] = [logWeights(a.size(0), a.device), logWeights(b.size(0), b.device)];
  const zero = { f: logA.mul(0), g: logB.mul(0) };
  const found = solve({ c: null, kernel, logA, logB, penalty }, zero, aim);
  return (
    found && {
      plan: found.plan as Tensor,
      ...{ error: found.error, iterations: found.count, converged: found.error <= aim.tolerance },
    }
  );
}

/** Iterations with one kernel at most, and of those that are always stable. */
const most = 60;
const few = 10;
/** The error of a solution that only begins the next one. */
const rough = 1e-2;
/** Logarithms of scalings that are too large for exact sums. */
const tooFar = 50;
/** Range of the costs in units of the regularisation up to which no larger regularisation comes first. */
const moderate = 128;

interface Problem {
  /** Null where it is not known: then there are no steps in the log domain. */
  c: Tensor | null;
  /** exp((f + g − c)/eps) */
  kernel: (f: Tensor, g: Tensor, eps: number) => Tensor;
  logA: Tensor;
  logB: Tensor;
  penalty: number | null;
}
type MatrixProblem = Problem & { c: Tensor };
type Potentials = Record<"f" | "g", Tensor>;
interface Aim {
  eps: number;
  tolerance: number;
  /** Iterations at most. */
  most: number;
}
interface Steps extends Aim {
  omega: number;
}
/** Potentials after some iterations, the last one without relaxation, and their error. */
interface Advanced extends Potentials {
  error: number;
  omega: number;
  count: number;
  /** Where these were the last iterations. */
  plan?: Tensor;
}

/** Iterations from potentials until the error is small enough, or there were as many as allowed; null where a matrix is needed. */
function solve(problem: Problem, from: Potentials, aim: Aim): Advanced | null {
  let at: Potentials = from;
  let [omega, count, span] = [1, 0, most];
  for (;;) {
    const left = aim.most - count;
    const steps = { ...aim, omega, most: Math.min(span, left) };
    const scaled = tidy(() => scaledSteps(problem, at, steps, left));
    // Scalings that grow too fast are absorbed more often.
    const { c } = problem;
    if (!scaled && !c) return null;
    if (!scaled) span = Math.max(few, span / 2);
    const next =
      scaled ??
      tidy(() =>
        logSteps({ ...problem, c: c as Tensor }, at, { ...steps, most: Math.min(few, left) }),
      );
    if (at !== from) for (const t of [at.f, at.g]) t.dispose();
    ({ omega } = next);
    count += next.count;
    if (next.error <= aim.tolerance || count >= aim.most) return { ...next, count };
    at = next;
  }
}

/** The exponent of the scalings: 1 where the marginals are kept, less where they are penalised. */
const exponent = ({ penalty }: Problem, eps: number): number =>
  penalty === null ? 1 : penalty / (penalty + eps);

function step(problem: MatrixProblem, { f, g }: Potentials, eps: number, omega: number) {
  const { c, logA, logB } = problem;
  const tau = exponent(problem, eps);
  const relaxed = (sums: Tensor) => (tau === 1 ? sums : sums.mul(tau));
  const rows = logA.sub(relaxed(g.unsqueeze(-2).sub(c).div(eps).logsumexp(-1))).mul(eps);
  const nextF = omega === 1 ? rows : f.lerp(rows, omega);
  const columns = logB.sub(relaxed(nextF.unsqueeze(-1).sub(c).div(eps).logsumexp(-2))).mul(eps);
  return { f: nextF, g: omega === 1 ? columns : g.lerp(columns, omega) };
}

/** Always stable: every update is a log-sum-exp over the matrix. */
function logSteps(
  problem: MatrixProblem,
  from: Potentials,
  { eps, omega, most: count }: Steps,
): Advanced {
  let next = from;
  for (let i = 1; i < count; i++) next = step(problem, next, eps, omega);
  const plain = step(problem, next, eps, 1);
  const sums = plain.g.unsqueeze(-2).sub(problem.c).div(eps).logsumexp(-1);
  return { ...plain, error: rowError(problem, sums, plain.f, eps), omega, count };
}

/**
 * The same iterations as products with the kernel exp((f + g − c)/eps), which has the potentials absorbed (Schmitzer 2019):
 * far cheaper, and exact while the scalings are moderate; null where they are not. With a plan where no iterations are
 * `left` or the error is small enough.
 */
function scaledSteps(
  problem: Problem,
  { f, g }: Potentials,
  { eps, omega: first, most, tolerance }: Steps,
  left: number,
): Advanced | null {
  const { logA, logB } = problem;
  const tau = exponent(problem, eps);
  const matrix = problem.kernel(f, g, eps);
  // The power of the potentials that is absorbed in the kernel belongs to the weights.
  const weight = (logW: Tensor, absorbed: Tensor) =>
    (tau === 1 ? logW : logW.sub(absorbed, { alpha: (1 - tau) / eps })).exp();
  const [a, b] = [weight(logA, f), weight(logB, g)];
  const [u, v] = [f.onesLike(), g.onesLike()];
  const { omega, count } = sinkhornIterate(
    matrix,
    { a, b, u, v },
    { tau, omega: first, tolerance, most },
  );
  const [logU, logV] = [u.log(), v.log()];
  const reach = cat([logU, logV]).abs().amax().item();
  // NaN compares false: a NaN scaling is refused too.
  if (!(reach < tooFar)) return null;
  const sums = sinkhornPlan(matrix, { u, v });
  const wanted = tau === 1 ? a : a.mul(sums.div(u).pow(1 - tau));
  const error = wanted.sub(sums).abs().sum().item();
  return {
    ...{ f: f.add(logU, { alpha: eps }), g: g.add(logV, { alpha: eps }) },
    ...{ error, omega, count },
    ...((error <= tolerance || count >= left) && { plan: matrix }),
  };
}

/**
 * Total deviation of the row sums from those that the next iteration would give: 1/n, or as the penalty wants them. `sums`:
 * log Σ_j exp((g_j − c_ij)/eps).
 */
function rowError(problem: Problem, sums: Tensor, f: Tensor, eps: number): number {
  const tau = exponent(problem, eps);
  const { logA } = problem;
  const wanted = tau === 1 ? logA : logA.add(sums, { alpha: 1 - tau });
  return sums.add(f.div(eps)).exp().sub(wanted.exp()).abs().sum(-1).amax().item();
}

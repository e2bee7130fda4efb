// Entropic transport by accelerated Sinkhorn iterations, in the log domain if needed, so that any regularisation is
// stable.
import {
  cat,
  type Device,
  expProduct,
  full,
  noGrad,
  type Scalings,
  type SinkhornSteps,
  sinkhornIterate,
  Tensor,
  tidy,
} from "@dsbm/torch";
import { argumentError } from "../core/errors.js";
import { Accelerator } from "./accelerator.js";
import { squaredDistances, squaredNorms, vectors } from "./cost.js";

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
export interface Points {
  /** Rows of the plan. */
  x0: Tensor;
  /** Columns of the plan. */
  x1: Tensor;
}

/**
 * The plan that minimises ⟨P, C⟩ + reg·KL(P | ab) over couplings of n and m equally weighted points
 * (Cuturi 2013), for cost [n, m] or points; with a penalty ρ over all P ≥ 0, plus ρ·KL(P1 | a) +
 * ρ·KL(Pᵀ1 | b) (Chizat et al. 2018). Throws a BridgeError for a bad `reg` or `penalty` or an
 * infinite cost.
 */
export function sinkhorn(
  cost: Tensor | Points,
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

function matrixOf(cost: Tensor | Points): Tensor {
  const matrix = cost instanceof Tensor ? cost : squaredDistances(cost.x0, cost.x1);
  if (matrix.ndim === 2) return matrix.to("float64");
  throw argumentError(`sinkhorn: cost has shape [${matrix.shape}]; expected [n, m]`);
}

const logWeights = (count: number, device: Device): Tensor =>
  full([count], -Math.log(count), { dtype: "float64", device });

function solveMatrix(c: Tensor, penalty: EntropicProblem["penalty"], aim: Aim): EntropicPlan {
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
  for (let eps = spread / moderate; eps > aim.eps; eps /= 2) {
    const solution = solve(problem, at, { eps, tolerance: rough, most: 200 });
    solution.plan?.dispose();
    begun += solution.count;
    at = solution;
  }
  const { f, g, error, count, plan } = solve(problem, at, aim);
  return {
    plan: plan ?? f.unsqueeze(-1).add(g.unsqueeze(-2)).sub_(c).div_(aim.eps).exp_(),
    error,
    iterations: begun + count,
    converged: error <= aim.tolerance,
  };
}

function solvePoints({ x0, x1 }: Points, penalty: number | null, aim: Aim): EntropicPlan | null {
  const x = vectors(x0);
  const y = vectors(x1);
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
  if (!((2 * reach) / eps < moderate)) return null;
  // (|x|² + |y|² − |x − y|²)/eps, with the potentials |x|² and |y|².
  const plan = expProduct(left.mul(2 / eps), right);
  const tau = exponent(penalty, eps);
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
  const { count, error } = toPlan(plan, scaling, { taus, tolerance, most });
  const converged = error <= tolerance;
  if (!converged && !(count >= most && Number.isFinite(error))) return null;
  return { plan, error, iterations: count, converged };
}

const most = 60;
const few = 30;
/** A rough start for the next regularisation; with larger errors the last step may not converge. */
const rough = 1e-3;
const tooFar = 200;
const moderate = 128;

interface EntropicProblem {
  c: Tensor;
  logA: Tensor;
  logB: Tensor;
  penalty: Record<"rows" | "columns", number | null>;
}
type EntropicPotentials = Record<"f" | "g", Tensor>;
interface Aim {
  eps: number;
  tolerance: number;
  most: number;
}
interface Advanced extends EntropicPotentials {
  error: number;
  count: number;
  plan?: Tensor;
}

/** Repeats accelerated iterations without acceleration if they make the error four times as large. */
function solve(problem: EntropicProblem, from: EntropicPotentials, aim: Aim): Advanced {
  let at: EntropicPotentials & { error?: number } = from;
  let count = 0;
  let span = most;
  let isPlain = false;
  for (;;) {
    const left = aim.most - count;
    const steps = { ...aim, most: Math.min(span, left) };
    const scaled: Advanced | null = isPlain
      ? null
      : tidy(() => scaledSteps(problem, at, steps, left));
    // Scalings that grow too fast are absorbed more often.
    if (!scaled && !isPlain) span = Math.max(few, span / 2);
    const logarithmic = { ...steps, most: Math.min(few, left) };
    const next: Advanced = scaled ?? tidy(() => logSteps(problem, at, logarithmic, { isPlain }));
    count += next.count;
    const isLast = next.error <= aim.tolerance || count >= aim.most;
    isPlain = !isLast && !isPlain && next.error > 4 * (at.error ?? Number.POSITIVE_INFINITY);
    const unused = isPlain ? next : at;
    if (unused !== from) for (const t of [unused.f, unused.g]) t.dispose();
    if (isLast) return { ...next, count };
    if (!isPlain) at = next;
  }
}

const exponent = (penalty: number | null, eps: number): number =>
  penalty === null ? 1 : penalty / (penalty + eps);

function logSteps(
  problem: EntropicProblem,
  from: EntropicPotentials,
  { eps, most: count }: Aim,
  { isPlain }: { isPlain: boolean },
): Advanced {
  const { c, logA, logB } = problem;
  const tau = exponent(problem.penalty.rows, eps);
  const columnTau = exponent(problem.penalty.columns, eps);
  const accelerator = new Accelerator();
  let { f, g } = from;
  for (let i = 1; ; i++) {
    f = logA.sub(g.unsqueeze(-2).sub(c).div(eps).logsumexp(-1), { alpha: tau }).mul(eps);
    const sums = f.unsqueeze(-1).sub(c).div(eps).logsumexp(-2);
    const next = logB.sub(sums, { alpha: columnTau }).mul(eps);
    g = i < count && !isPlain ? accelerator.next(g, next.sub(g)) : next;
    if (i >= count) break;
  }
  accelerator.dispose();
  const sums = g.unsqueeze(-2).sub(c).div(eps).logsumexp(-1).add(f.div(eps)).exp();
  const weight = logA.sub(f, { alpha: (1 - tau) / eps }).exp();
  return { f, g, error: rowError(sums, weight, sums.onesLike(), tau), count };
}

/**
 * Products with the kernel exp((f + g − c)/eps) (Schmitzer 2019): far cheaper, exact for moderate scalings, null
 * otherwise. Includes a plan at the end.
 */
function scaledSteps(
  problem: EntropicProblem,
  { f, g }: EntropicPotentials,
  { eps, most, tolerance }: Aim,
  left: number,
): Advanced | null {
  const { logA, logB } = problem;
  const tau = exponent(problem.penalty.rows, eps);
  const columnTau = exponent(problem.penalty.columns, eps);
  const { c } = problem;
  const matrix = g.sub(c).add_(f.unsqueeze(-1)).div_(eps).exp_();
  // The absorbed potentials' power belongs to the weights.
  const weight = (logW: Tensor, absorbed: Tensor, power: number) =>
    (power === 1 ? logW : logW.sub(absorbed, { alpha: (1 - power) / eps })).exp();
  const a = weight(logA, f, tau);
  const b = weight(logB, g, columnTau);
  const u = f.onesLike();
  const v = g.onesLike();
  const taus = { rows: tau, columns: columnTau };
  const { count, error } = toPlan(matrix, { a, b, u, v }, { taus, tolerance, most });
  const logU = u.log();
  const logV = v.log();
  const reach = cat([logU, logV]).abs().amax().item();
  // NaN compares false: a NaN scaling is refused too.
  if (!(reach < tooFar)) return null;
  return {
    f: f.add(logU, { alpha: eps }),
    g: g.add(logV, { alpha: eps }),
    error,
    count,
    ...((error <= tolerance || count >= left) && { plan: matrix }),
  };
}

const checkEvery = 10;

/**
 * Iterates in place, by the engine's kernel if both sides are penalised alike, and makes the plan u K v of the kernel K.
 * Returns the total deviation of the plan's row sums and the number of iterations.
 */
function toPlan(
  kernel: Tensor,
  scalings: Scalings,
  {
    taus,
    tolerance,
    most,
  }: Omit<SinkhornSteps, "tau"> & { taus: Record<"rows" | "columns", number> },
): { error: number; count: number } {
  if (taus.rows === taus.columns && kernel.device === "cpu")
    return sinkhornIterate(kernel, scalings, { tau: taus.rows, tolerance, most });
  const { a, b, u, v } = scalings;
  const transposed = kernel.t();
  for (let count = 1; ; count++) {
    const sums = tidy(() => {
      u.copy_(a.div(kernel.mv(v).pow(taus.rows)));
      return transposed.mv(u).pow(taus.columns);
    });
    const isLast = count >= most;
    const isMet =
      !isLast && count % checkEvery === 0 && sums.mul(v).sub(b).abs().sum().item() <= tolerance;
    v.copy_(b.div(sums));
    sums.dispose();
    if (!isLast && !isMet) continue;
    const error = rowError(kernel.mv(v).mul_(u), a, u, taus.rows);
    kernel.mul_(u.unsqueeze(-1)).mul_(v);
    return { error, count };
  }
}

function rowError(sums: Tensor, weight: Tensor, u: Tensor, tau: number): number {
  const target = tau === 1 ? weight : weight.mul(sums.div(u).pow(1 - tau));
  return target.sub(sums).abs().sum().item();
}

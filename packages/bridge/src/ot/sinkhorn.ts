// Entropic optimal transport by Sinkhorn's iteration in the log domain: stable for any regularisation, in float64, by kernels
// of the engine and tensor operations on the device of the cost. With a penalty the marginals may differ from uniform ones
// (unbalanced transport).
import {
  cat,
  full,
  noGrad,
  sinkhornIterate,
  sinkhornKernel,
  sinkhornPlan,
  type Tensor,
  tidy,
} from "@dsbm/torch";
import { BridgeError } from "../core/errors.js";

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

/**
 * The plan that minimises ⟨P, C⟩ + reg·KL(P | ab) over the couplings of n and m points of equal weights a = 1/n, b = 1/m
 * (Cuturi 2013), for cost [n, m]; with a penalty ρ over all P ≥ 0, plus ρ·KL(P1 | a) + ρ·KL(Pᵀ1 | b), where KL(p | q) is
 * Σ p log(p/q) − p + q (Chizat et al. 2018). Potentials are carried from larger to smaller regularisations, which keeps
 * the number of iterations bounded. Throws a BridgeError for a bad `reg` or `penalty` or a cost that is not finite.
 */
export function sinkhorn(
  cost: Tensor,
  { reg, penalty = null, tolerance = 1e-9, iterations = 20_000 }: SinkhornOptions,
): EntropicPlan {
  for (const [name, value] of Object.entries({ reg, ...(penalty !== null && { penalty }) }))
    if (!Number.isFinite(value) || value <= 0)
      throw new BridgeError(
        "argument",
        `sinkhorn: ${name} is ${value}; expected a finite number greater than 0`,
      );
  if (cost.ndim !== 2)
    throw new BridgeError("argument", `sinkhorn: cost has shape [${cost.shape}]; expected [n, m]`);
  return noGrad(() =>
    tidy(() => {
      const c = cost.to("float64");
      const least = c.amin();
      const spread = c.amax().sub(least).item();
      if (!Number.isFinite(spread))
        throw new BridgeError("argument", "sinkhorn: the cost has values that are NaN or infinite");
      const [logA, logB] = [c.size(0), c.size(1)].map((k) =>
        full([k], -Math.log(k), { dtype: "float64", device: c.device }),
      ) as [Tensor, Tensor];
      const problem = { c, logA, logB, penalty };
      let at: Potentials = { f: logA.mul(0).add(least), g: logB.mul(0) };
      let begun = 0;
      // Larger regularisations only need rough solutions.
      for (let eps = spread / moderate; eps > reg; eps /= 2) {
        const found = solve(problem, at, { eps, tolerance: rough, most: 20 });
        found.plan?.dispose();
        begun += found.count;
        at = found;
      }
      const { f, g, error, count, plan } = solve(problem, at, {
        eps: reg,
        tolerance,
        most: iterations,
      });
      return {
        plan: plan ?? f.unsqueeze(-1).add(g.unsqueeze(-2)).sub_(c).div_(reg).exp_(),
        ...{ error, iterations: begun + count, converged: error <= tolerance },
      };
    }),
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
  c: Tensor;
  logA: Tensor;
  logB: Tensor;
  penalty: number | null;
}
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

/** Iterations from potentials until the error is small enough, or there were as many as allowed. */
function solve(problem: Problem, from: Potentials, aim: Aim): Advanced {
  let at: Potentials = from;
  let [omega, count, span] = [1, 0, most];
  for (;;) {
    const left = aim.most - count;
    const steps = { ...aim, omega, most: Math.min(span, left) };
    const scaled = tidy(() => scaledSteps(problem, at, steps, left));
    // Scalings that grow too fast are absorbed more often.
    if (!scaled) span = Math.max(few, span / 2);
    const next =
      scaled ?? tidy(() => logSteps(problem, at, { ...steps, most: Math.min(few, left) }));
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

function step(problem: Problem, { f, g }: Potentials, eps: number, omega: number) {
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
  problem: Problem,
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
  const { c, logA, logB } = problem;
  const tau = exponent(problem, eps);
  const matrix = sinkhornKernel(c, f, g, eps);
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

// Entropic optimal transport by Sinkhorn's iteration in the log domain: stable for any regularisation, in tensor
// operations on the device of the cost. With a penalty the marginals may differ from uniform ones (unbalanced transport).
import { full, noGrad, type Tensor, tidy } from "@dsbm/torch";
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
      let kernel: Kernel | null = null;
      const drop = () => {
        if (kernel) dispose(kernel.fixed, kernel.scaling);
        kernel = null;
      };
      let done = 0;
      /** Some iterations on; whether they are the last ones is told by their error. Returns it. */
      const run = (eps: number, steps: Steps, isLast: (error: number) => boolean): number => {
        done += steps.count;
        kernel ??= tidy(() => absorb(problem, at, eps));
        const { fixed, scaling } = kernel;
        const scaled = tidy(() => scaledSteps(problem, fixed, scaling, eps, steps));
        if (scaled) {
          dispose(scaling);
          kernel.scaling = scaled.scaling;
        }
        const { next, plain, error } = scaled ?? tidy(() => logSteps(problem, at, eps, steps));
        if (!(scaled && scaled.reach < far)) drop();
        const last = isLast(error);
        dispose(at, last ? next : plain);
        at = last ? plain : next;
        return error;
      };
      // Larger regularisations only need rough solutions.
      for (let eps = Math.max(reg, spread / moderate); eps > reg; eps = Math.max(reg, eps / 2)) {
        run(eps, { omega: 1, count: most }, () => false);
        drop();
      }
      let [omega, error] = [1, Number.POSITIVE_INFINITY];
      const start = done;
      const isEnough = (e: number) => e <= tolerance || done - start >= iterations;
      do {
        const before = error;
        const count = done - start < 6 * few ? few : most;
        error = run(reg, { omega, count }, isEnough);
        omega = relaxation(omega, (error / before) ** (1 / count));
      } while (!isEnough(error));
      drop();
      const { f, g } = at;
      const plan = f.unsqueeze(-1).add(g.unsqueeze(-2)).sub(c).div(reg).exp();
      return { plan, error, iterations: done, converged: error <= tolerance };
    }),
  );
}

/** Iterations between two computations of the error: at first, and later. */
const few = 10;
const most = 20;
/** Logarithms of scalings from which on potentials are absorbed anew, and those that are too large for exact sums. */
const far = 20;
const tooFar = 50;
/** Range of the costs in units of the regularisation up to which no larger regularisation comes first. */
const moderate = 32;

function dispose(...all: Record<string, Tensor>[]): void {
  for (const t of all.flatMap(Object.values)) t.dispose();
}

interface Problem {
  c: Tensor;
  logA: Tensor;
  logB: Tensor;
  penalty: number | null;
}
type Potentials = Record<"f" | "g", Tensor>;
/** A kernel with absorbed potentials, and the scalings that have since been found. */
interface Kernel {
  readonly fixed: Readonly<Record<"f" | "g" | "matrix" | "a" | "b", Tensor>>;
  scaling: Record<"u" | "v", Tensor>;
}
interface Steps {
  omega: number;
  count: number;
}
/** Potentials after some iterations, after one more without relaxation, and the error of those. */
interface Advanced {
  next: Potentials;
  plain: Potentials;
  error: number;
}

/**
 * The over-relaxation that suits a contraction by `rate` per iteration observed with the present one: Sinkhorn
 * is Gauss–Seidel in the potentials, so Young's formula holds (Thibault 2021). Back to 1 where the error grows.
 */
function relaxation(omega: number, rate: number): number {
  if (!(rate < 1)) return rate > 1.02 ? 1 : omega;
  if (rate <= omega - 1) return omega;
  const eta = Math.min(1, (rate + omega - 1) ** 2 / (rate * omega ** 2));
  return Math.min(1.9995, Math.max(omega, 2 / (1 + Math.sqrt(1 - eta))));
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
  eps: number,
  { omega, count }: Steps,
): Advanced {
  let next = from;
  for (let i = 0; i < count; i++) next = step(problem, next, eps, omega);
  const plain = step(problem, next, eps, 1);
  const sums = plain.g.unsqueeze(-2).sub(problem.c).div(eps).logsumexp(-1);
  return { next, plain, error: rowError(problem, sums, plain.f, eps) };
}

/** The kernel exp((f + g − c)/eps) with the potentials absorbed, and the weights that belong to it. */
function absorb(problem: Problem, { f, g }: Potentials, eps: number): Kernel {
  const { c, logA, logB } = problem;
  const tau = exponent(problem, eps);
  // The power of the potentials that is absorbed in the kernel belongs to the weights.
  const weight = (logW: Tensor, absorbed: Tensor) =>
    (tau === 1 ? logW : logW.sub(absorbed, { alpha: (1 - tau) / eps })).exp();
  const matrix = f.unsqueeze(-1).add(g.unsqueeze(-2)).sub_(c).div_(eps).exp_();
  return {
    fixed: { f: f.clone(), g: g.clone(), matrix, a: weight(logA, f), b: weight(logB, g) },
    scaling: { u: f.mul(0).add(1), v: g.mul(0).add(1) },
  };
}

/**
 * The same iterations as products with a kernel that has earlier potentials absorbed (Schmitzer 2019): far
 * cheaper, and exact while the scalings are moderate; null where they are not.
 */
function scaledSteps(
  problem: Problem,
  { f, g, matrix, a, b }: Kernel["fixed"],
  scaling: Kernel["scaling"],
  eps: number,
  { omega, count }: Steps,
): (Advanced & { scaling: Kernel["scaling"]; reach: number }) | null {
  const tau = exponent(problem, eps);
  const back = matrix.t();
  const scaled = (w: Tensor, sums: Tensor) => w.div(tau === 1 ? sums : sums.pow(tau));
  const relaxed = (old: Tensor, plain: Tensor) =>
    omega === 1 ? plain : old.pow(1 - omega).mul(plain.pow(omega));
  let { u, v } = scaling;
  for (let i = 0; i < count; i++) {
    u = relaxed(u, scaled(a, matrix.mv(v)));
    v = relaxed(v, scaled(b, back.mv(u)));
  }
  const [logU, logV] = [u.log(), v.log()];
  const reach = Math.max(logU.abs().amax().item(), logV.abs().amax().item());
  // NaN compares false: a NaN scaling is refused too.
  if (!(reach < tooFar)) return null;
  const potentials = (x: Tensor, y: Tensor): Potentials => ({
    f: f.add(x, { alpha: eps }),
    g: g.add(y, { alpha: eps }),
  });
  const plainU = scaled(a, matrix.mv(v));
  const plainV = scaled(b, back.mv(plainU));
  const plain = potentials(plainU.log(), plainV.log());
  const sums = matrix
    .mv(plainV)
    .log()
    .sub(f, { alpha: 1 / eps });
  const error = rowError(problem, sums, plain.f, eps);
  return { scaling: { u, v }, reach, next: potentials(logU, logV), plain, error };
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

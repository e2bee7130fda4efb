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
      const spread = c.amax().sub(c.amin()).item();
      if (!Number.isFinite(spread))
        throw new BridgeError("argument", "sinkhorn: the cost has values that are NaN or infinite");
      const [logA, logB] = [c.size(0), c.size(1)].map((k) =>
        full([k], -Math.log(k), { dtype: "float64", device: c.device }),
      ) as [Tensor, Tensor];
      let at = { f: logA.mul(0), g: logB.mul(0) };
      const move = (next: Potentials) => {
        for (const t of [at.f, at.g]) t.dispose();
        at = next;
      };
      let done = 0;
      let error = Number.POSITIVE_INFINITY;
      const problem = { c, logA, logB, penalty };
      const run = (eps: number, omega: number) => {
        move(
          tidy(() => scalingBlock(problem, at, eps, omega) ?? logBlock(problem, at, eps, omega)),
        );
        done += block;
      };
      // Larger regularisations only need rough solutions.
      for (let eps = Math.max(reg, spread / 4); eps > reg; eps = Math.max(reg, eps / 2))
        run(eps, 1);
      let omega = 1;
      for (const start = done; done - start < iterations; ) {
        run(reg, omega);
        const before = error;
        const plain = tidy(() => step(problem, at, reg, 1));
        error = tidy(() => rowError(problem, plain, reg));
        if (error <= tolerance || done - start >= iterations) {
          move(plain);
          break;
        }
        for (const t of [plain.f, plain.g]) t.dispose();
        omega = relaxation(omega, (error / before) ** (1 / block));
      }
      const { f, g } = at;
      const plan = f.unsqueeze(-1).add(g.unsqueeze(-2)).sub(c).div(reg).exp();
      return { plan, error, iterations: done, converged: error <= tolerance };
    }),
  );
}

/** Iterations between two computations of the error. */
const block = 20;

interface Problem {
  c: Tensor;
  logA: Tensor;
  logB: Tensor;
  penalty: number | null;
}
interface Potentials {
  f: Tensor;
  g: Tensor;
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
function logBlock(problem: Problem, from: Potentials, eps: number, omega: number): Potentials {
  let at = from;
  for (let i = 0; i < block; i++) at = step(problem, at, eps, omega);
  return at;
}

/**
 * The same iterations as products with a kernel that has the potentials absorbed (Schmitzer 2019): far
 * cheaper, and exact while the scalings are moderate; null where they are not.
 */
function scalingBlock(
  problem: Problem,
  { f, g }: Potentials,
  eps: number,
  omega: number,
): Potentials | null {
  const { c, logA, logB } = problem;
  const tau = exponent(problem, eps);
  const kernel = f.unsqueeze(-1).add(g.unsqueeze(-2)).sub(c).div(eps).exp();
  // The power of the potentials that is absorbed in the kernel belongs to the weights.
  const weight = (logW: Tensor, absorbed: Tensor) =>
    (tau === 1 ? logW : logW.sub(absorbed, { alpha: (1 - tau) / eps })).exp().unsqueeze(-1);
  const [a, b] = [weight(logA, f), weight(logB, g)];
  const back = kernel.transpose(-1, -2).contiguous();
  const scaled = (w: Tensor, sums: Tensor) => w.div(tau === 1 ? sums : sums.pow(tau));
  const relaxed = (old: Tensor, plain: Tensor) =>
    omega === 1 ? plain : old.pow(1 - omega).mul(plain.pow(omega));
  let u = a.mul(0).add(1);
  let v = b.mul(0).add(1);
  for (let i = 0; i < block; i++) {
    u = relaxed(u, scaled(a, kernel.matmul(v)));
    v = relaxed(v, scaled(b, back.matmul(u)));
  }
  const [logU, logV] = [u.log().squeeze(-1), v.log().squeeze(-1)];
  const reach = Math.max(logU.abs().amax().item(), logV.abs().amax().item());
  // NaN compares false: a NaN scaling is refused too.
  return reach < 50 ? { f: f.add(logU, { alpha: eps }), g: g.add(logV, { alpha: eps }) } : null;
}

/** Total deviation of the row sums from those that the next iteration would give: 1/n, or as the penalty wants them. */
function rowError(problem: Problem, { f, g }: Potentials, eps: number): number {
  const tau = exponent(problem, eps);
  const { c, logA } = problem;
  const sums = g.unsqueeze(-2).sub(c).div(eps).logsumexp(-1);
  const wanted = tau === 1 ? logA : logA.add(sums, { alpha: 1 - tau });
  return sums.add(f.div(eps)).exp().sub(wanted.exp()).abs().sum(-1).amax().item();
}

// Entropic optimal transport by Sinkhorn's iteration in the log domain: stable however small the
// regularisation, in tensor operations on whatever device the cost is, one problem or a batch of them.
import { full, noGrad, type Tensor, tidy } from "@dsbm/torch";
import { BridgeError } from "../errors.js";

export interface SinkhornOptions {
  /** Weight of the entropy, in units of the cost; greater than 0. */
  reg: number;
  /** Row weights [n] or [batch, n], summing to 1 (default uniform). */
  a?: Tensor;
  /** Column weights [m] or [batch, m]. */
  b?: Tensor;
  /** Stops when the row sums of every problem are this close to `a` in total (default 1e-9). */
  tolerance?: number;
  /** Iterations at most at the final regularisation (default 20,000). */
  iterations?: number;
}

export interface EntropicPlan {
  /** float64 [n, m] or [batch, n, m]; column sums exact, row sums within `error`. */
  plan: Tensor;
  /** Largest total deviation of the row sums. */
  error: number;
  iterations: number;
  converged: boolean;
}

/**
 * The plan that minimises ⟨P, C⟩ − reg·H(P) over the couplings of a and b (Cuturi 2013), for cost [n, m]
 * or [batch, n, m]. Potentials are carried from larger to smaller regularisations, which keeps the number
 * of iterations bounded. Throws a BridgeError for a bad `reg` or a cost that is not finite.
 */
export function sinkhorn(
  cost: Tensor,
  { reg, a, b, tolerance = 1e-9, iterations = 20_000 }: SinkhornOptions,
): EntropicPlan {
  if (!Number.isFinite(reg) || reg <= 0)
    throw new BridgeError(
      "argument",
      `sinkhorn: reg is ${reg}; expected a finite number greater than 0`,
    );
  if (cost.ndim < 2 || cost.ndim > 3)
    throw new BridgeError(
      "argument",
      `sinkhorn: cost has shape [${cost.shape}]; expected [n, m] or [batch, n, m]`,
    );
  return noGrad(() =>
    tidy(() => {
      const c = cost.to("float64");
      const spread = c.amax().sub(c.amin()).item();
      if (!Number.isFinite(spread))
        throw new BridgeError("argument", "sinkhorn: the cost has values that are NaN or infinite");
      const [n, m] = [c.size(-2), c.size(-1)];
      const lead = c.shape.slice(0, -2);
      const uniform = (k: number) =>
        full([...lead, k], -Math.log(k), { dtype: "float64", device: c.device });
      const logA = a ? a.to("float64").log() : uniform(n);
      const logB = b ? b.to("float64").log() : uniform(m);
      let f = logA.mul(0);
      let g = logB.mul(0);
      let done = 0;
      let error = Number.POSITIVE_INFINITY;
      const problem = { c, logA, logB };
      // Half-way regularisations only need to be roughly solved.
      for (let eps = Math.max(reg, spread / 4); ; eps = Math.max(reg, eps / 2)) {
        const last = eps === reg;
        for (const start = done; done - start < (last ? iterations : block); ) {
          tidy(() => {
            const next = scalingBlock(problem, f, g, eps) ?? logBlock(problem, f, g, eps);
            f = next.f.keep();
            g = next.g.keep();
          });
          done += block;
          if (!last) continue;
          error = tidy(() => rowError(problem, f, g, eps));
          if (error <= tolerance) break;
        }
        if (last) break;
      }
      const plan = f.unsqueeze(-1).add(g.unsqueeze(-2)).sub(c).div(reg).exp();
      f.dispose();
      g.dispose();
      return { plan, error, iterations: done, converged: error <= tolerance };
    }),
  );
}

/** Iterations between two looks at the error. */
const block = 10;

interface Problem {
  c: Tensor;
  logA: Tensor;
  logB: Tensor;
}
interface Potentials {
  f: Tensor;
  g: Tensor;
}

function step({ c, logA, logB }: Problem, g: Tensor, eps: number): Potentials {
  const f = logA.sub(g.unsqueeze(-2).sub(c).div(eps).logsumexp(-1)).mul(eps);
  return { f, g: logB.sub(f.unsqueeze(-1).sub(c).div(eps).logsumexp(-2)).mul(eps) };
}

/** Always stable: every update is a log-sum-exp over the matrix. */
function logBlock(problem: Problem, f: Tensor, g: Tensor, eps: number): Potentials {
  let at = { f, g };
  for (let i = 0; i < block; i++) at = step(problem, at.g, eps);
  return at;
}

/**
 * The same iterations as products with a kernel that has the potentials absorbed (Schmitzer 2019): far
 * cheaper, and exact as long as the scalings stay moderate; null where they do not.
 */
function scalingBlock(problem: Problem, _f: Tensor, g0: Tensor, eps: number): Potentials | null {
  const { f, g } = step(problem, g0, eps);
  const kernel = f.unsqueeze(-1).add(g.unsqueeze(-2)).sub(problem.c).div(eps).exp();
  const [a, b] = [problem.logA.exp().unsqueeze(-1), problem.logB.exp().unsqueeze(-1)];
  const back = kernel.transpose(-1, -2);
  let u = a;
  let v = b.mul(0).add(1);
  for (let i = 1; i < block; i++) {
    u = a.div(kernel.matmul(v));
    v = b.div(back.matmul(u));
  }
  const [logU, logV] = [u.log().squeeze(-1), v.log().squeeze(-1)];
  const reach = Math.max(logU.abs().amax().item(), logV.abs().amax().item());
  // NaN compares false: a scaling that broke down is refused too.
  return reach < 50 ? { f: f.add(logU, { alpha: eps }), g: g.add(logV, { alpha: eps }) } : null;
}

/** Largest total deviation of a problem's row sums. */
function rowError({ c, logA }: Problem, f: Tensor, g: Tensor, eps: number): number {
  const rows = g.unsqueeze(-2).sub(c).div(eps).logsumexp(-1).add(f.div(eps)).exp();
  return rows.sub(logA.exp()).abs().sum(-1).amax().item();
}

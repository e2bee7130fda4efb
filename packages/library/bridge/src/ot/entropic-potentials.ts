// Potentials of entropic transport by accelerated Sinkhorn iterations that stay stable for any regularisation: products with
// a kernel if the scalings are moderate, else logarithms.
import { cat, type Tensor, tidy } from "@dsbm/torch";
import { Accelerator } from "./accelerator.js";
import { rowError, scaleToPlan, scalingExponent } from "./scaling.js";

/** Entropic transport in the log domain, all float64. */
export interface EntropicProblem {
  /** Costs [n, m]. */
  c: Tensor;
  /** Logarithms of the weights of rows [n]. */
  logA: Tensor;
  /** Logarithms of the weights of columns [m]. */
  logB: Tensor;
  /** Weights of KL(sums | weights); null keeps the sums of a side exactly. */
  penalty: Record<"rows" | "columns", number | null>;
}

/** Potentials f [n] and g [m] of the plan exp((f + g − c)/eps). */
export type EntropicPotentials = Record<"f" | "g", Tensor>;

/** Where iterations end. */
export interface SinkhornAim {
  /** Weight of the entropy, in units of the cost. */
  eps: number;
  /** Total deviation of row sums at which iterations end. */
  tolerance: number;
  /** Maximum number of iterations. */
  most: number;
}

/** Potentials after iterations. */
export interface EntropicSolution extends EntropicPotentials {
  /** Total deviation of row sums. */
  error: number;
  /** Iterations. */
  count: number;
  /** The plan [n, m], if the iterations made it. */
  plan?: Tensor;
}

/** Iterations until scalings are absorbed into the potentials. */
const longestSpan = 60;
const shortestSpan = 30;
/** Iterations in logarithms, which cost several times more, until the kernel is tried a second time. */
const firstLogarithmicSpan = 4;
/** Larger logarithms of scalings are refused. */
const largestLogScaling = 200;

/**
 * Potentials [n] and [m] after iterations from others, which stay. Accelerated iterations are repeated without
 * acceleration if they make the error four times as large.
 */
export function solvePotentials(
  problem: EntropicProblem,
  from: EntropicPotentials,
  aim: SinkhornAim,
): EntropicSolution {
  let at: EntropicPotentials & { error?: number } = from;
  let count = 0;
  let span = longestSpan;
  let logarithmicSpan = firstLogarithmicSpan;
  let isPlain = false;
  for (;;) {
    const left = aim.most - count;
    const steps = { ...aim, most: Math.min(span, left) };
    const scaled: EntropicSolution | null = isPlain
      ? null
      : tidy(() => scaledSteps(problem, at, steps, left));
    // Scalings that grow too fast are absorbed more often.
    if (!scaled && !isPlain) span = Math.max(shortestSpan, span / 2);
    const logarithmic = {
      ...steps,
      most: Math.min(isPlain ? shortestSpan : logarithmicSpan, left),
    };
    if (!scaled && !isPlain) logarithmicSpan = shortestSpan;
    const next: EntropicSolution =
      scaled ?? tidy(() => logSteps(problem, at, logarithmic, { isPlain }));
    count += next.count;
    const isLast = next.error <= aim.tolerance || count >= aim.most;
    isPlain = !isLast && !isPlain && next.error > 4 * (at.error ?? Number.POSITIVE_INFINITY);
    const unused = isPlain ? next : at;
    if (unused !== from) for (const t of [unused.f, unused.g]) t.dispose();
    if (isLast) return { ...next, count };
    if (!isPlain) at = next;
  }
}

function logSteps(
  problem: EntropicProblem,
  from: EntropicPotentials,
  { eps, most: count }: SinkhornAim,
  { isPlain }: { isPlain: boolean },
): EntropicSolution {
  const { c, logA, logB } = problem;
  const tau = scalingExponent(problem.penalty.rows, eps);
  const columnTau = scalingExponent(problem.penalty.columns, eps);
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
  { eps, most, tolerance }: SinkhornAim,
  left: number,
): EntropicSolution | null {
  const { logA, logB } = problem;
  const tau = scalingExponent(problem.penalty.rows, eps);
  const columnTau = scalingExponent(problem.penalty.columns, eps);
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
  const { count, error } = scaleToPlan(matrix, { a, b, u, v }, { taus, tolerance, most });
  const logU = u.log();
  const logV = v.log();
  const reach = cat([logU, logV]).abs().amax().item();
  // NaN compares false: a NaN scaling is refused too.
  if (!(reach < largestLogScaling)) return null;
  return {
    f: f.add(logU, { alpha: eps }),
    g: g.add(logV, { alpha: eps }),
    error,
    count,
    ...((error <= tolerance || count >= left) && { plan: matrix }),
  };
}

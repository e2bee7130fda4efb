// Scalings u and v of a kernel K, so that u K v is the plan: Sinkhorn's iterations without logarithms.
import { type Scalings, type SinkhornSteps, sinkhornIterate, type Tensor, tidy } from "@dsbm/torch";

/** The power of weight/sum by which each side is scaled: 1 keeps sums exactly, less penalises their deviation. */
export type ScalingExponents = Record<"rows" | "columns", number>;

/** The exponent penalty/(penalty + eps) of penalised sums (Chizat et al. 2018); 1 for null, which keeps the sums exactly. */
export const scalingExponent = (penalty: number | null, eps: number): number =>
  penalty === null ? 1 : penalty / (penalty + eps);

const checkEvery = 10;

/**
 * Iterates on a kernel [n, m] in place, by the engine's kernel if both sides are penalised alike. The kernel becomes the plan
 * u K v. Returns the total deviation of the plan's row sums and the number of iterations.
 */
export function scaleToPlan(
  kernel: Tensor,
  scalings: Scalings,
  { taus, tolerance, most }: Omit<SinkhornSteps, "tau"> & { taus: ScalingExponents },
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

/** Σ |target − sum| of the row sums [n] of a plan with scalings u [n]; with a penalty the target depends on the sum. */
export function rowError(sums: Tensor, weight: Tensor, u: Tensor, tau: number): number {
  const target = tau === 1 ? weight : weight.mul(sums.div(u).pow(1 - tau));
  return target.sub(sums).abs().sum().item();
}

// Log-densities in closed form.
import type { Tensor } from "@dsbm/torch";

interface Potential {
  epsilon: Tensor;
  logNormalizer(x: Tensor, conditions?: object): Tensor;
  logPotential(y: Tensor, conditions?: object): Tensor;
}

/** log π₁(y) [B] of endpoints y [B, d] for equally likely starts x [n, d], under the condition `cond` [1, …] if given. */
export function mixtureLogLikelihood(
  potential: Potential,
  y: Tensor,
  x: Tensor,
  cond?: Tensor,
): Tensor {
  const of = (rows: Tensor) =>
    cond && { cond: cond.expand([rows.size(0), ...cond.shape.slice(1)]) };
  const inner = y.mm(x.t()).div(potential.epsilon);
  return inner
    .sub(potential.logNormalizer(x, of(x)))
    .logsumexp(1)
    .sub(Math.log(x.size(0)))
    .add(potential.logPotential(y, of(y)));
}

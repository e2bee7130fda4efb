import { eye, type Tensor } from "@dsbm/torch";

/**
 * The powers a^p of a symmetric matrix [d, d]. Eigenvalues are at least 1e-7 of the largest, so that constant
 * dimensions have inverses in float32 too.
 */
export function powersOf(a: Tensor): (p: number) => Tensor {
  const [values, vectors] = a.linalgEigh();
  const least = Math.max(values.amax().item() * 1e-7, 1e-30);
  const some = values.clamp({ min: least });
  return (p) => vectors.mul(some.pow(p)).mm(vectors.t());
}

/**
 * Cov(X0, X1), [d, d], of the Schrödinger bridge between Gaussians, of variance ε (Bunne et al. 2023): `powers` are of
 * the covariance of X0, `covariance` [d, d] is of X1.
 */
export function crossCovariance(
  powers: (p: number) => Tensor,
  covariance: Tensor,
  epsilon: number,
): Tensor {
  const { device } = covariance;
  const one = eye(covariance.size(0), { dtype: "float64", device });
  const root = powers(0.5);
  const middle = root.mm(covariance).mm(root);
  const inner = powersOf(middle.add(one, { alpha: epsilon ** 2 / 4 }));
  const plan = root.mm(inner(0.5)).mm(powers(-0.5));
  return plan.sub(one, { alpha: epsilon / 2 });
}

// The numbers of the Gaussian benchmark: means, variances and covariances with the start, averaged over coordinates.
import { type Tensor, tidy } from "@dsbm/torch";

export interface Moments {
  /** Mean over samples and coordinates. */
  mean: number;
  /** Unbiased variance, averaged over coordinates. */
  var: number;
  /** Mean diagonal of Cov(end, start). */
  cov: number;
}

/** Moments of ends [n, …] and of their covariance with the starts [n, …] that they came from. */
export function moments(end: Tensor, start: Tensor): Moments {
  return tidy(() => averages(end, start));
}

function averages(end: Tensor, start: Tensor): Moments {
  const [y, x] = [
    end.flatten({ startDim: 1 }).to("float64"),
    start.flatten({ startDim: 1 }).to("float64"),
  ];
  const n = y.size(0);
  const my = y.mean(0);
  const cov = y
    .sub(my)
    .mul(x.sub(x.mean(0)))
    .sum(0)
    .div(n - 1);
  return {
    mean: my.mean().item(),
    var: y.var({ dim: 0, correction: 1 }).mean().item(),
    cov: cov.mean().item(),
  };
}

/** Mean squared distance between paired points [n, …], summed over coordinates. */
export function squaredDisplacement(end: Tensor, start: Tensor): number {
  return tidy(() => end.sub(start).flatten({ startDim: 1 }).square().sum(1).mean().item());
}

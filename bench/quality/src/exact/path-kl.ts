// Path KL of a learnt drift, since a wrong process can have the right marginals.
import { type Estimate, type Field, meanEstimate } from "@dsbm/bridge";
import { full, type Tensor, tidy } from "@dsbm/torch";

export interface PathKLOptions {
  /** Variance of the noise per unit of time, of both processes. */
  epsilon: number;
  /** Draws the exact marginal at a time, [n, …]. */
  draw: (t: number) => Tensor;
  /** Midpoints of equal parts of [0, 1] (default 100). */
  times?: number;
}

/**
 * KL(P* ‖ P) in nats for one start and one noise: E ∫|b*(X, t) − b(X, t)|² dt / (2ε) along the exact process
 * (Girsanov), with the interval of the mean.
 */
export function pathKL(
  drift: Field,
  exact: Field,
  { epsilon, draw, times = 100 }: PathKLOptions,
): Estimate {
  return tidy(() => {
    let sum = null as Tensor | null;
    for (let k = 0; k < times; k++) {
      const before = sum;
      sum = tidy(() => {
        const x = draw((k + 0.5) / times);
        const t = full([x.size(0)], (k + 0.5) / times, { dtype: x.dtype });
        const apart = drift(x, t).sub(exact(x, t)).flatten({ startDim: 1 }).to("float64");
        const part = apart
          .square()
          .sum(1)
          .div(2 * epsilon * times);
        return before ? before.add(part) : part;
      });
    }
    return meanEstimate(sum as Tensor);
  });
}

// Path KL of a learnt drift, since a wrong process can have the right marginals.
import { type Tensor, tidy } from "@dsbm/torch";
import { oneTime } from "../../core/one-time.js";
import { squaredLengths, vectors } from "../../ot/cost.js";
import type { Field } from "../../solver/solver.js";
import { type Estimate, meanEstimate } from "../vectors/bootstrap.js";

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
        const t = oneTime(x, (k + 0.5) / times);
        const apart = vectors(drift(x, t)).sub(vectors(exact(x, t)));
        const part = squaredLengths(apart).div(2 * epsilon * times);
        return before ? before.add(part) : part;
      });
    }
    return meanEstimate(sum as Tensor);
  });
}

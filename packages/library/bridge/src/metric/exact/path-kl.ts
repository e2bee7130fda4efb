// How far the law of all paths of a learnt drift is from that of an exact one, where the exact drift and its marginals
// are known: marginals of a wrong process may be right, its paths are not.
import { type Tensor, tidy } from "@dsbm/torch";
import { oneTime } from "../../core/one-time.js";
import { squaredLengths, vectors } from "../../ot/cost.js";
import type { Field } from "../../solver/solver.js";
import { type Estimate, meanEstimate } from "../vectors/bootstrap.js";

export interface PathKLOptions {
  /** Variance of the noise per unit of time, that of both processes. */
  epsilon: number;
  /** Draws of the exact marginal at a time, [n, …], as many at every time. */
  draw: (t: number) => Tensor;
  /** Times, the middles of equal parts of [0, 1] (default 100). */
  times?: number;
}

/**
 * KL(P* ‖ P) of path measures with one start and one noise, in nats: E ∫|b*(X, t) − b(X, t)|² dt / (2ε) along the exact
 * process (Girsanov), with the interval of the mean over draws. Both drifts are of one direction, at process times.
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

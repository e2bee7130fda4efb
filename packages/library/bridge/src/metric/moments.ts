import { type Tensor, tidy } from "@dsbm/torch";
import { argumentError } from "../core/errors.js";

/** Moments of endpoints. */
export interface Moments {
  /** Mean of all coordinates. */
  mean: number;
  /** Variance of a coordinate, averaged. */
  var: number;
  /** Covariance of a coordinate with its start, averaged. */
  cov: number;
}

/** Moments of endpoints [n, …] and their covariance with the starts [n, …]. */
export function moments(end: Tensor, start: Tensor): Moments {
  return tidy(() => {
    const wide = (t: Tensor) => t.flatten({ startDim: 1 }).to("float64");
    const y = wide(end);
    const x = wide(start);
    const mean = y.mean(0);
    const n = y.size(0) - 1;
    const products = y.sub(mean).mul(x.sub(x.mean(0)));
    return {
      mean: mean.mean().item(),
      var: y.var({ dim: 0, correction: 1 }).mean().item(),
      cov: products.sum(0).div(n).mean().item(),
    };
  });
}

/** @throws {BridgeError} unless both shapes agree. */
export function checkPairedShapes(start: Tensor, end: Tensor): void {
  if (`${start.shape}` !== `${end.shape}`)
    throw argumentError(
      `starts of shape [${start.shape}] and endpoints of shape [${end.shape}]; expected one endpoint per start`,
    );
}

/** Mean squared distance of paired points [n, …], summed over coordinates. */
export function squaredDisplacement(end: Tensor, start: Tensor): number {
  return tidy(() => end.sub(start).flatten({ startDim: 1 }).square().sum(1).mean().item());
}

import { type Tensor, tidy } from "@dsbm/torch";
import { dataError } from "../../core/errors.js";
import { type Subsample, subsample } from "../../core/subsample.js";
import { exactPointPlan } from "../../ot/exact.js";
import { checkPairedShapes } from "../moments.js";
import { comparableVectors } from "./wasserstein.js";

/**
 * Mean squared displacement of the optimal pairs of start, end [n, …]; of a subsample above `most` pairs.
 * @throws {BridgeError} unless shapes agree.
 */
export function optimalDisplacement(start: Tensor, end: Tensor, options: Subsample = {}): number {
  checkPairedShapes(start, end);
  // One stream keeps pairs together.
  const some = (x: Tensor) => subsample(x, "x", options);
  return tidy(() => exactPointPlan(some(start), some(end)).cost);
}

/**
 * The lowest ratio of the variances of x [n, …] and y [m, …] along the principal axes with 95 % of the variance of y.
 * @throws {BridgeError} below two samples or if y is constant.
 */
export function leastVarianceRatio(x: Tensor, y: Tensor): number {
  return tidy(() => {
    const [a, b] = comparableVectors(x, y);
    if (a.size(0) < 2 || b.size(0) < 2)
      throw dataError(`variances of ${a.size(0)} and ${b.size(0)} samples; expected at least 2`);
    if (!(b.var({ dim: 0 }).sum().item() > 0))
      throw dataError("a variance ratio with a constant target; expected target samples that vary");
    const axes = principalAxes(b);
    const along = (t: Tensor) => t.mm(axes).var({ dim: 0 });
    return along(a).div(along(b)).amin().item();
  });
}

/** The principal directions of y [m, d] with 95 % of its variance, as columns. */
function principalAxes(y: Tensor): Tensor {
  const d = y.size(1);
  const [values, basis] = y.t().cov().reshape([d, d]).linalgEigh();
  // Eigenvalues ascend.
  const held = values.flip([0]).cumsum(0).div(values.sum());
  const count = Math.min(d, 1 + held.lt(0.95).sum().item());
  return basis.narrow(1, d - count, count);
}

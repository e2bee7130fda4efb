// Metrics of means and covariances, and the length of a bridge's moves.
import { type Tensor, tidy } from "@dsbm/torch";
import { dataError } from "../../core/errors.js";
import { type Counts, type Subsample, subsample } from "../../core/subsample.js";
import { exactPointPlan } from "../../ot/exact.js";
import { gaussianOf } from "../feature-statistics.js";
import { frechetDistance, type Gaussian } from "../frechet.js";
import { checkPairedShapes, squaredDisplacement } from "../moments.js";
import { type Estimate, intervalOf, type Resampling, resampleWeights } from "./bootstrap.js";
import { comparable } from "./wasserstein.js";

export interface MomentErrors {
  /** |mean x − mean y|, in units of x. */
  mean: number;
  /** ‖Cov x − Cov y‖ (Frobenius). */
  covariance: number;
}

/** Errors of mean and covariance of x [n, …] against y [m, …]. Throws a BridgeError below two samples. */
export function momentErrors(x: Tensor, y: Tensor): MomentErrors {
  return tidy(() => {
    const [p, q] = gaussians(x, y);
    const norm = (t: Tensor) => t.square().sum().sqrt().item();
    return {
      mean: norm(p.mean.sub(q.mean)),
      covariance: norm(p.covariance.sub(q.covariance)),
    };
  });
}

/**
 * BW²-UVP of samples x [n, …] against the target y [m, …], in percent: 100 · ½W₂²(N(x), N(y)) / (½ tr Cov y)
 * (Korotin 2021). A constant at the mean of y scores 100. Throws a BridgeError below two samples or if y is
 * constant.
 */
export function bw2Uvp(x: Tensor, y: Tensor): number {
  return tidy(() => {
    const [p, q] = gaussians(x, y);
    const variance = q.covariance.trace().item();
    if (variance === 0)
      throw dataError("BW²-UVP of a target that is constant; expected samples that vary");
    return (100 * frechetDistance(p, q)) / variance;
  });
}

function gaussians(x: Tensor, y: Tensor): [Gaussian, Gaussian] {
  const [a, b] = comparable(x, y);
  return [gaussianOf(a), gaussianOf(b)];
}

export interface Displacement extends Pick<Counts, "n" | "subsampled"> {
  /** Mean squared distance of start and end. */
  msd: number;
  /** The same of the exact optimal pairs. */
  optimal: number;
}

/**
 * Mean squared displacement of pairs start, end [n, …] and of their optimal pairs; of a subsample above `most`
 * pairs. Throws a BridgeError unless shapes agree.
 */
export function displacement(start: Tensor, end: Tensor, options: Subsample = {}): Displacement {
  checkPairedShapes(start, end);
  return tidy(() => {
    // One stream keeps pairs together.
    const a = subsample(start, "x", options);
    const b = subsample(end, "x", options);
    return {
      msd: squaredDisplacement(b, a),
      optimal: exactPointPlan(a, b).cost,
      n: a.size(0),
      subsampled: a !== start,
    };
  });
}

const mostValues = 512;

/** How much of the target's variance samples have; less than 1 if they are too alike. */
export interface VarianceKept {
  /** tr Cov x / tr Cov y. */
  total: Estimate;
  /** The least share along the principal directions of y with 95 % of its variance; null above 512 values. */
  least: Estimate | null;
}

/**
 * The variance of samples x [n, …] as shares of that of y [m, …], with intervals. Throws a BridgeError below two
 * samples or if y is constant.
 */
export function varianceKept(x: Tensor, y: Tensor, resampling: Resampling = {}): VarianceKept {
  return tidy(() => {
    const [a, b] = comparable(x, y);
    if (a.size(0) < 2 || b.size(0) < 2)
      throw dataError(`variances of ${a.size(0)} and ${b.size(0)} samples; expected at least 2`);
    const mean = b.mean(0);
    const sides = ([a, b] as const).map((t, i) => {
      const n = t.size(0);
      const weights = resampleWeights(n, { ...resampling, purpose: i === 0 ? "x" : "y" });
      return { centred: t.sub(mean), weights, n };
    });
    const variances = (of: (t: Tensor) => Tensor) =>
      sides.map(({ centred, weights, n }) => {
        const t = of(centred);
        const biased = weights.mm(t.square()).sub(weights.mm(t).square());
        return biased.mul(n / (n - 1));
      }) as [Tensor, Tensor];
    const [own, wanted] = variances((t) => t).map((v) => v.sum(1)) as [Tensor, Tensor];
    if (!(wanted.select(0, 0).item() > 0))
      throw dataError("the variance kept of a target that is constant; expected samples that vary");
    const estimate = (shares: Tensor) => {
      const [value, ...again] = shares.toNumbers() as [number, ...number[]];
      return intervalOf(value, again, { least: 0 });
    };
    const total = estimate(own.div(wanted));
    if (b.size(1) > mostValues) return { total, least: null };
    const axes = principalAxes(b);
    const [along, reference] = variances((t) => t.mm(axes));
    return { total, least: estimate(along.div(reference).amin({ dim: 1 })) };
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

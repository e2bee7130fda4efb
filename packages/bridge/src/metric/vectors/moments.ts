// Distances between two samples that look at means and covariances only, and the length of a bridge's moves.
import { type Tensor, tidy } from "@dsbm/torch";
import { BridgeError } from "../../core/errors.js";
import { exactPointPlan } from "../../ot/exact.js";
import { FeatureStatistics } from "../feature-statistics.js";
import { frechetDistance, type Gaussian } from "../frechet.js";
import { squaredDisplacement } from "../moments.js";
import { type Subsample, subsample } from "./subsample.js";
import { comparable } from "./wasserstein.js";

/** Differences of means and covariances of two samples. */
export interface MomentErrors {
  /** |mean x − mean y|, Euclidean, in units of x. */
  mean: number;
  /** ‖Cov x − Cov y‖ (Frobenius), in squared units of x. */
  covariance: number;
}

/** Errors of mean and covariance of x [n, …] against y [m, …]; throws a BridgeError below two samples. */
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
 * BW²-UVP of samples x [n, …] against the target y [m, …], in percent: 100 · ½W₂²(N(x), N(y)) / (½ tr Cov y), where
 * N(·) is the Gaussian of a sample's mean and covariance (Korotin 2021). 100 is what a constant at the mean of y
 * gives. Throws a BridgeError below two samples and where y is constant.
 */
export function bw2Uvp(x: Tensor, y: Tensor): number {
  return tidy(() => {
    const [p, q] = gaussians(x, y);
    const variance = q.covariance.trace().item();
    if (variance === 0)
      throw new BridgeError(
        "data",
        "BW²-UVP of a target that is constant; expected samples that vary",
      );
    return (100 * frechetDistance(p, q)) / variance;
  });
}

function gaussians(x: Tensor, y: Tensor): [Gaussian, Gaussian] {
  const [a, b] = comparable(x, y);
  const gaussian = (points: Tensor) => {
    using statistics = new FeatureStatistics(points.size(1));
    return statistics.update(points).gaussian();
  };
  return [gaussian(a), gaussian(b)];
}

/** How far a bridge moves its samples, beside the shortest way to the same ends. */
export interface Displacement {
  /** Mean squared distance of start and end. */
  msd: number;
  /** The same for the exact optimal pairs of these starts and ends. */
  optimal: number;
  /** Pairs compared, and whether they are a subsample. */
  n: number;
  subsampled: boolean;
}

/**
 * Mean squared displacement of pairs start, end [n, …], and of the optimal pairs of the same points, in squared units.
 * Of more than `most` pairs a subsample is compared. Throws a BridgeError where the shapes differ.
 */
export function displacement(start: Tensor, end: Tensor, options: Subsample = {}): Displacement {
  if (`${start.shape}` !== `${end.shape}`)
    throw new BridgeError(
      "argument",
      `starts of shape [${start.shape}] and ends of shape [${end.shape}]; expected one end per start`,
    );
  return tidy(() => {
    // Both with one stream, so that pairs remain pairs.
    const [a, b] = [subsample(start, "x", options), subsample(end, "x", options)];
    return {
      msd: squaredDisplacement(b, a),
      optimal: exactPointPlan(a, b).cost,
      n: a.size(0),
      subsampled: a !== start,
    };
  });
}

// Exact Wasserstein distances between two samples of vectors.
import { type Tensor, tensor, tidy } from "@dsbm/torch";
import { argumentError, notFiniteError } from "../../core/errors.js";
import { type Counts, type Subsample, subsampled } from "../../core/subsample.js";
import { vectors } from "../../ot/cost.js";
import { exactPointPlan } from "../../ot/exact.js";
import { type Estimate, meanEstimate } from "./bootstrap.js";

/** The order of a distance: p = 1 or 2. */
export interface Order {
  p?: 1 | 2;
}

/**
 * The p-Wasserstein distance between samples x [n, …] and y [m, …] by exact optimal transport, in units of x:
 * (min Σ plan_ij |x_i − y_j|^p)^(1/p), to a relative 2⁻²², with its 95 % interval.
 *
 * The interval is that of the central limit theorem, whose variance is that of the optimal potentials over both
 * samples; it covers what samples of these sizes give on average, not the distance of the distributions (del Barrio
 * 2019). Takes 4nm bytes. Of more than `most` points (10,000) a subsample is compared, which the result states.
 */
export function wasserstein(
  x: Tensor,
  y: Tensor,
  { p = 2, ...options }: Order & Subsample = {},
): Counts & Estimate {
  return tidy(() => {
    const pair = subsampled(...comparable(x, y), options);
    const { cost, u, v } = exactPointPlan(pair.x, pair.y, { p });
    const half = Math.hypot(...[u, v].map((potential) => deviationOfMean(potential)));
    const root = (c: number) => Math.max(0, c) ** (1 / p);
    return {
      value: root(cost),
      low: root(cost - 1.96 * half),
      high: root(cost + 1.96 * half),
      ...pair.counts,
    };
  });
}

function deviationOfMean(potential: Float64Array): number {
  const { value, high } = meanEstimate(tensor(potential, { dtype: "float64" }));
  return (high - value) / 1.96;
}

/** Both samples as float64 [n, d]; throws a BridgeError where there are none, or of different sizes or not finite. */
export function comparable(x: Tensor, y: Tensor): [Tensor, Tensor] {
  const [a, b] = [vectors(x), vectors(y)];
  if (a.size(1) !== b.size(1))
    throw argumentError(
      `samples of shape [${x.shape}] beside [${y.shape}]; expected the same number of values in each`,
    );
  for (const [name, t] of Object.entries({ first: a, second: b }))
    if (!t.isfinite().all().item())
      throw notFiniteError(`the ${name} samples have values that are NaN or infinite`);
  return [a, b];
}

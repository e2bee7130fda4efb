// Wasserstein distances between two samples of vectors: exact, sliced, and column by column.
import { arange, cat, randn, type Tensor, tidy, zeros } from "@dsbm/torch";
import { BridgeError } from "../../core/errors.js";
import { stream } from "../../core/random.js";
import { vectors } from "../../ot/cost.js";
import { exactPointPlan } from "../../ot/exact.js";
import { type Counts, type Subsample, subsampled } from "./subsample.js";

/** The order of a distance: p = 1 or 2. */
export interface Order {
  p?: 1 | 2;
}

/**
 * The p-Wasserstein distance between samples x [n, …] and y [m, …] by exact optimal transport, in units of x:
 * (min Σ plan_ij |x_i − y_j|^p)^(1/p), to a relative 2⁻²².
 * Takes 4nm bytes. Of more than `most` points (10,000) a subsample is compared, which the result states.
 */
export function wasserstein(
  x: Tensor,
  y: Tensor,
  { p = 2, ...options }: Order & Subsample = {},
): Counts & { value: number } {
  return tidy(() => {
    const pair = subsampled(...comparable(x, y), options);
    const { cost } = exactPointPlan(pair.x, pair.y, { p });
    return { value: cost ** (1 / p), ...pair.counts };
  });
}

/**
 * The sliced p-Wasserstein distance between samples x [n, …] and y [m, …], in units of x: the mean over random unit
 * directions θ of W_p^p(θ·x, θ·y), to the power 1/p (Bonneel 2015). All samples are used.
 */
export function slicedWasserstein(
  x: Tensor,
  y: Tensor,
  {
    p = 2,
    directions = 128,
    seed = 0,
  }: Order & {
    /** Number of directions. */ directions?: number /** Of the directions. */;
    seed?: number;
  } = {},
): number {
  return tidy(() => {
    const [a, b] = comparable(x, y);
    const theta = randn([directions, a.size(1)], {
      generator: stream(seed, "metric/directions"),
      dtype: "float64",
    });
    const unit = theta.div(theta.square().sum(1, { keepdim: true }).sqrt());
    const costs = columnCosts(a, b, p, unit);
    return (costs.reduce((sum, cost) => sum + cost, 0) / directions) ** (1 / p);
  });
}

/** The p-Wasserstein distance of each column of x [n, …] and y [m, …] (p = 1 by default), in that column's units. */
export function columnWasserstein(x: Tensor, y: Tensor, { p = 1 }: Order = {}): number[] {
  return tidy(() => columnCosts(...comparable(x, y), p).map((cost) => cost ** (1 / p)));
}

/**
 * W_p^p in one dimension for each row of `directions` [k, d], or for each column: ∫₀¹ |F⁻¹(u) − G⁻¹(u)|^p du over
 * the quantile functions, which are constant between the multiples of 1/n and 1/m.
 */
function columnCosts(x: Tensor, y: Tensor, p: 1 | 2, directions?: Tensor): number[] {
  const { at, weights } = quantileSteps(x.size(0), y.size(0));
  const d = x.size(1);
  const count = directions ? directions.size(0) : d;
  const atOnce = Math.max(1, Math.floor(2 ** 22 / (x.size(0) + y.size(0))));
  const costs: number[] = [];
  for (let start = 0; start < count; start += atOnce) {
    const length = Math.min(atOnce, count - start);
    const sorted = (points: Tensor, rows: Tensor) => {
      const some = directions
        ? directions.narrow(0, start, length).mm(points.t())
        : points.narrow(1, start, length).t();
      return some.contiguous().sort()[0].indexSelect(1, rows);
    };
    const block = tidy(() => {
      const gap = sorted(x, at.x).sub(sorted(y, at.y)).abs();
      return (p === 2 ? gap.square() : gap).mv(weights).toNumbers();
    });
    costs.push(...block);
  }
  return costs;
}

/** The pieces on which both quantile functions are constant: ranks into the sorted samples, and lengths. */
function quantileSteps(n: number, m: number): { at: { x: Tensor; y: Tensor }; weights: Tensor } {
  // Ends of the pieces in units of 1/(nm), so that equal ones are exactly equal (pieces of length 0 do no harm).
  const multiples = (count: number, step: number) =>
    arange(1, count + 1, { dtype: "int64" }).mul(step);
  const [ends] = cat([multiples(n, m), multiples(m, n)]).sort();
  const starts = cat([zeros([1], { dtype: "int64" }), ends.narrow(0, 0, n + m - 1)]);
  const rank = (step: number) => ends.sub(1).to("float64").div(step).floor().to("int64");
  return {
    at: { x: rank(m), y: rank(n) },
    weights: ends
      .sub(starts)
      .to("float64")
      .div(n * m),
  };
}

/** Both samples as float64 [n, d]; throws a BridgeError where there are none, or of different sizes or not finite. */
export function comparable(x: Tensor, y: Tensor): [Tensor, Tensor] {
  const [a, b] = [vectors(x), vectors(y)];
  if (a.size(1) !== b.size(1))
    throw new BridgeError(
      "argument",
      `samples of shape [${x.shape}] beside [${y.shape}]; expected the same number of values in each`,
    );
  for (const [name, t] of [
    ["first", a],
    ["second", b],
  ] as const)
    if (!t.isfinite().all().item())
      throw new BridgeError(
        "not_finite",
        `the ${name} samples have values that are NaN or infinite`,
      );
  return [a, b];
}

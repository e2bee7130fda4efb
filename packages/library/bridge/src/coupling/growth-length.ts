import { type Tensor, tidy } from "@dsbm/torch";
import { subsample } from "../core/subsample.js";
import { squaredDistances } from "../ot/cost.js";
import { sinkhorn } from "../ot/sinkhorn.js";
import { growthCost } from "../process/growth-path.js";

const mostRows = 500;
const weightQuantile = 0.9;
const reg = 2e-3;
/** Pairs that move turn by at most a third of a radian, |x1 − x0|/2δ: the growth of a farther pair is mostly its move's. */
const perMove = 1.5;
const rounds = 20;
const lengthTolerance = 0.02;
/** Of the distances between sets: rows that do not move have a length, too. */
const leastPart = 0.01;

/** Rows closer than this share of the mean squared distance are repeated rows. */
const repeatedRowShare = 1e-6;

/** The median distance of a row to the nearest other row of its set divided by √d, mean over sets of rows [n, d]. */
export function neighbourDistance(sets: readonly Tensor[]): number {
  const distances = sets.map((x) =>
    tidy(() => {
      const some = subsample(x, "x", { most: mostRows });
      const squares = squaredDistances(some, some);
      const isSame = squares.le(repeatedRowShare * squares.mean().item());
      const nearest = squares.maskedFill(isSame, Number.POSITIVE_INFINITY).amin({ dim: 1 });
      const median = nearest.median().item();
      return Number.isFinite(median) ? Math.sqrt(median / x.size(1)) : 0;
    }),
  );
  return distances.reduce((sum, one) => sum + one, 0) / distances.length;
}

/** The smallest value [n] that holds this share of the weights [n]. */
function quantile(values: Tensor, weights: Tensor): number {
  const [sorted, order] = values.flatten().sort();
  const running = weights.flatten().indexSelect(0, order).cumsum(0);
  const below = running.lt(running.select(0, -1).mul(weightQuantile)).to("float64").sum().item();
  return sorted.select(0, Math.min(below, sorted.size(0) - 1)).item();
}

/**
 * The length δ of Wasserstein–Fisher–Rao paths through sets of rows [n, d], with their masses: the smallest δ that is 1.5
 * times as far as its own plans move rows. δ rises from the distances between neighbours in consecutive sets, so that
 * mass grows and dies instead of crossing gaps without need.
 */
export function growthLength(sets: readonly Tensor[], masses: readonly number[]): number {
  return tidy(() => {
    const some = sets.map((x) => subsample(x, "x", { most: mostRows }));
    const pairs = some.slice(1).map((y, k) => ({
      squares: squaredDistances(some[k], y),
      ratio: masses[k + 1] / masses[k],
    }));
    const longest = (of: (pair: (typeof pairs)[number]) => number) =>
      Math.sqrt(Math.max(...pairs.map(of)));
    const all = (squares: Tensor) => quantile(squares, squares.onesLike());
    const least = leastPart * longest(({ squares }) => all(squares)) || 1;
    let length = Math.max(
      least,
      longest(({ squares }) => all(squares.amin({ dim: 1 }))),
    );
    for (let round = 0; round < rounds; round++) {
      const moved = longest(({ squares, ratio }) => {
        const cost = growthCost(squares, length).sub(Math.log(ratio));
        const { plan } = sinkhorn(cost, { reg, penalty: 1, tolerance: 1e-4, iterations: 300 });
        return quantile(squares, plan);
      });
      const before = length;
      length = Math.max(least, perMove * moved);
      if (Math.abs(length / before - 1) < lengthTolerance) break;
    }
    return length;
  });
}

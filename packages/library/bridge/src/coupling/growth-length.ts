import { cat, type Tensor, tidy } from "@dsbm/torch";
import { squaredDistances } from "../ot/cost.js";
import { sinkhorn } from "../ot/sinkhorn.js";
import { growthCost } from "../process/growth-path.js";

const mostRows = 500;
const share = 0.9;
const reg = 2e-3;
/** Pairs that move turn by at most a third of a radian, |x1 − x0|/2δ: the growth of a farther pair is mostly its move's. */
const perMove = 1.5;

/** The smallest value [n] that holds this share of the weights [n]. */
function quantile(values: Tensor, weights: Tensor): number {
  const [sorted, order] = values.flatten().sort();
  const running = weights.flatten().indexSelect(0, order).cumsum(0);
  const below = running.lt(running.select(0, -1).mul(share)).to("float64").sum().item();
  return sorted.select(0, Math.min(below, sorted.size(0) - 1)).item();
}

/** How far, squared, the plan between x [n, d] and y [m, d] of masses 1 and `ratio` moves. */
function squaredMove(x: Tensor, y: Tensor, { delta, ratio }: { delta: number; ratio: number }) {
  const squares = squaredDistances(x, y);
  const cost = growthCost(squares, delta).sub(Math.log(ratio));
  const { plan } = sinkhorn(cost, { reg, penalty: 1, tolerance: 1e-4, iterations: 300 });
  return quantile(squares, plan);
}

/**
 * The length δ of Wasserstein–Fisher–Rao paths through sets of rows [n, d] in random order, with their masses: half of
 * the 0.9 quantile of the distances between consecutive sets, or more if the plan of this δ moves rows far. A move within
 * a set, between its halves, is sampling error and does not count.
 */
export function growthLength(sets: readonly Tensor[], masses: readonly number[]): number {
  return tidy(() => {
    const part = (x: Tensor, first: number) =>
      x.narrow(0, first, Math.min(mostRows, Math.floor(x.size(0) / 2)));
    const halves = sets.map((x) => [part(x, 0), part(x, Math.floor(x.size(0) / 2))] as const);
    const pairs = halves.slice(1).map(([y], k) => [halves[k]?.[0] as Tensor, y] as const);
    const all = pairs.map(([x, y]) => squaredDistances(x, y));
    const squares = cat(all.map((d2) => d2.flatten()));
    const usual = Math.sqrt(quantile(squares, squares.onesLike())) / 2;
    const moves = pairs.map(([x, y], k) => {
      const ratio = (masses[k + 1] as number) / (masses[k] as number);
      const [own, other] = halves[k] as (typeof halves)[number];
      const error = squaredMove(own, other, { delta: usual, ratio: 1 });
      return Math.sqrt(Math.max(0, squaredMove(x, y, { delta: usual, ratio }) - error));
    });
    return Math.max(usual, perMove * Math.max(...moves));
  });
}

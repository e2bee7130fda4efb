// How far paths through the other datasets of a time course miss each inner dataset: no network is needed.
import { full, type Tensor, tidy } from "@dsbm/torch";
import { chainOf, intervalsOf } from "../chain/chain.js";
import { alongSplines } from "../chain/coupling.js";
import { chainEndpoints } from "../chain/endpoints.js";
import { mapBatch, type Pairs } from "../core/batch.js";
import { rowsWhere } from "../core/conditions.js";
import { stream } from "../core/random.js";
import { joinMass, minibatchGrowth, rowsByMass, splitMass } from "../coupling/growth.js";
import { minibatchExact } from "../coupling/minibatch.js";
import { wasserstein } from "../metric/vectors/wasserstein.js";
import { bent } from "../model/mean-path.js";
import { growthPath } from "../process/growth-path.js";

/** W1 between a left-out dataset and points of paths at its time, less W1 between two samples of the dataset. */
export interface LeftOutDistance {
  /** Distance along straight paths. */
  straight: number;
  /** The lower end of its 95 % interval. */
  least: number;
  /** Distance along natural cubic splines. */
  spline: number;
  /** Distance along paths with a quarter of the bends of splines. */
  slight: number;
  /** Distance along paths on which mass grows and dies. */
  growth: number;
}

/**
 * Compares paths of optimal pairs, once without each inner dataset: straight, smooth, and with growth for the length
 * `delta` (see `growthLength`). Datasets have equally many rows [2n, d], of which one half measures the other; times
 * rise from 0 to 1. Smooth paths of three datasets or fewer are compared with themselves.
 */
export function leftOutDistances(
  rows: readonly Tensor[],
  times: readonly number[],
  delta: number,
): LeftOutDistance[] {
  const sets = rows.map((x) => x.narrow(0, 0, x.size(0) / 2));
  return times.slice(1, -1).map((time, k) =>
    tidy(() => {
      const target = sets[k + 1];
      const n = target.size(0);
      const w1 = (x: Tensor) => wasserstein(x, target, { p: 1 });
      const floor = w1(rows[k + 1].narrow(0, n, n)).value;
      const distance = (x: Tensor) => w1(x).value - floor;
      const others = <T>(all: readonly T[]) => all.filter((_, i) => i !== k + 1);
      const chain = chainOf(others(times));
      const marginals = others(sets).map((x) => ({ x }));
      const { x0, x1, conditions } = chainEndpoints(marginals, chain);
      const batch = { x0, x1, conditions: conditions?.x0 };
      const all = alongSplines(minibatchExact(), chain)(batch, stream(k, "left-out"));
      const { from, length, unit } = intervalsOf(chain)[k];
      const interval = all.conditions!.interval!;
      const pairs: Pairs = mapBatch(all, (x) => rowsWhere(x, interval, k));
      const share = (time - from) / length;
      const t = full([pairs.x0.size(0)], share);
      const velocity = pairs.x1.sub(pairs.x0);
      const straight = { x: pairs.x0.lerp(pairs.x1, share), velocity };
      const smooth = bent(straight, pairs, { network: undefined, t });
      const { value, low } = w1(straight.x.mul(unit));
      return {
        straight: value - floor,
        least: low - floor,
        spline: distance(smooth.x.mul(unit)),
        slight: distance(straight.x.lerp(smooth.x, 0.25).mul(unit)),
        growth: distance(grown(sets[k], sets[k + 2], { share, delta })),
      };
    }),
  );
}

/** Rows at a share of the way between two datasets, drawn by their mass. */
function grown(x0: Tensor, x1: Tensor, { share, delta }: { share: number; delta: number }): Tensor {
  const [source, target] = [x0, x1].map((x) => joinMass(x, x.select(1, 0).zerosLike()));
  const batch = { x0: source, x1: target };
  const pairs = minibatchGrowth({ delta })(batch, stream(0, "left-out/growth"));
  const { x, logMass } = splitMass(pairs.x1);
  const at = growthPath({
    x0: splitMass(pairs.x0).x,
    x1: x,
    logRatio: logMass,
    t: logMass.fullLike(share),
    delta: logMass.fullLike(delta),
  });
  return at.x.indexSelect(0, rowsByMass(at.mass));
}

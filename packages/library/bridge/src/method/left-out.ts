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
import { addBends } from "../model/mean-path.js";
import { growthPath } from "../process/growth-path.js";

/** W1 between a left-out dataset and points of paths at its time. */
export interface LeftOutDistance {
  /** Paths of optimal pairs. */
  straight: number;
  /** Natural cubic splines. */
  spline: number;
  /** Paths with a quarter of the bends of splines. */
  slight: number;
  /** Paths on which mass grows and dies, for each length. */
  growth: number[];
}

/**
 * Compares paths of optimal pairs, once without each inner dataset: straight, smooth, and with growth for the lengths
 * `deltas` (see `growthLength`). Datasets have equally many rows [n, d]; times rise from 0 to 1. Smooth paths of three
 * datasets or fewer are straight.
 */
export function leftOutDistances(
  sets: readonly Tensor[],
  times: readonly number[],
  deltas: readonly number[],
): LeftOutDistance[] {
  return times.slice(1, -1).map((time, k) =>
    tidy(() => {
      const others = <T>(all: readonly T[]) => all.filter((_, i) => i !== k + 1);
      const chain = chainOf(others(times));
      const marginals = others(sets).map((x) => ({ x }));
      const { x0, x1, conditions } = chainEndpoints(marginals, chain);
      const batch = { x0, x1, conditions: conditions?.x0 };
      const all = alongSplines(minibatchExact({ replace: false }), chain)(
        batch,
        stream(k, "left-out"),
      );
      const { from, length, unit } = intervalsOf(chain)[k];
      const interval = all.conditions!.interval!;
      const pairs: Pairs = mapBatch(all, (x) => rowsWhere(x, interval, k));
      const share = (time - from) / length;
      const t = full([pairs.x0.size(0)], share);
      const velocity = pairs.x1.sub(pairs.x0);
      const straight = { x: pairs.x0.lerp(pairs.x1, share), velocity };
      const smooth = addBends(straight, pairs, { network: undefined, t });
      const distance = (x: Tensor) => wasserstein(x, sets[k + 1], { p: 1 }).value;
      const line = distance(straight.x.mul(unit));
      const isBent = sets.length > 3;
      return {
        straight: line,
        spline: isBent ? distance(smooth.x.mul(unit)) : line,
        slight: isBent ? distance(straight.x.lerp(smooth.x, 0.25).mul(unit)) : line,
        growth: deltas.map((delta) =>
          distance(growthSamples(sets[k], sets[k + 2], { share, delta })),
        ),
      };
    }),
  );
}

/** Rows at a share of the way between two datasets, drawn by their mass. */
function growthSamples(
  x0: Tensor,
  x1: Tensor,
  { share, delta }: { share: number; delta: number },
): Tensor {
  const [source, target] = [x0, x1].map((x) => joinMass(x, x.select(1, 0).zerosLike()));
  const batch = { x0: source, x1: target };
  // Independent draws of rows would add to the distance.
  const pairs = minibatchGrowth({ delta })(batch, stream(0, "left-out/growth"), "x0", "each");
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

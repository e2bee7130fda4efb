// How far paths through the other datasets of a time course miss each inner dataset: no network is needed.
import { full, type Tensor, tidy } from "@dsbm/torch";
import { chainOf, intervalsOf } from "../chain/chain.js";
import { alongSplines } from "../chain/coupling.js";
import { chainEndpoints } from "../chain/endpoints.js";
import { mapBatch, type Pairs } from "../core/batch.js";
import { rowsWhere } from "../core/conditions.js";
import { stream } from "../core/random.js";
import { minibatchExact } from "../coupling/minibatch.js";
import { wasserstein } from "../metric/vectors/wasserstein.js";
import { bent } from "../model/mean-path.js";

/** W1 between a left-out dataset and points of paths at its time. */
export interface LeftOutDistance {
  /** Distance along straight paths. */
  straight: number;
  /** Distance along natural cubic splines. */
  spline: number;
}

/**
 * Compares straight and smooth paths of optimal pairs, once without each inner dataset. Datasets have equally many rows [n, d],
 * and times rise from 0 to 1. Smooth paths of three datasets or fewer are compared with themselves.
 */
export function leftOutDistances(
  sets: readonly Tensor[],
  times: readonly number[],
): LeftOutDistance[] {
  return times.slice(1, -1).map((time, k) =>
    tidy(() => {
      const others = <T>(all: readonly T[]): T[] => all.filter((_, i) => i !== k + 1);
      const chain = chainOf(others(times));
      const marginals = others(sets).map((x) => ({ x }));
      const { x0, x1, conditions } = chainEndpoints(marginals, chain);
      const batch = { x0, x1, given: conditions?.x0 };
      const all = alongSplines(minibatchExact(), chain)(batch, stream(k, "left-out"));
      const { from, length, unit } = intervalsOf(chain)[k];
      const interval = all.given!.interval!;
      const pairs: Pairs = mapBatch(all, (x) => rowsWhere(x, interval, k));
      const share = (time - from) / length;
      const t = full([pairs.x0.size(0)], share);
      const velocity = pairs.x1.sub(pairs.x0);
      const straight = { x: pairs.x0.lerp(pairs.x1, share), velocity };
      const distance = ({ x }: { x: Tensor }) =>
        wasserstein(x.mul(unit), sets[k + 1], { p: 1 }).value;
      return {
        straight: distance(straight),
        spline: distance(bent(straight, pairs, { network: undefined, t })),
      };
    }),
  );
}

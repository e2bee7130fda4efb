// Draws of further target rows, whose scores are the floor.
import { stream } from "@dsbm/bridge";
import { randperm, type Tensor } from "@dsbm/torch";
import type { SampleSet } from "../metric.js";

/** Draws of a floor by default. */
export const usualDraws = 8;

/** Returns draws [n, …] of n rows of the reserve, or one draw if it has at most n rows. */
export function drawsOf(set: SampleSet, seed: number, count = usualDraws): Tensor[] {
  const reserve = set.floorRows();
  const total = reserve.size(0);
  const n = set.sourceRows.size(0);
  return Array.from({ length: total > n ? count : 1 }, (_, k) => {
    const order = randperm(total, { generator: stream(seed, `quality/floor/${k}`) });
    return reserve.indexSelect(0, order.narrow(0, 0, Math.min(n, total)));
  });
}

// How far ends are from held-out data, beside as many other data: of every kind of data along random directions, which is
// cheap, so that a displacement never stands alone; of vectors exactly, beside how far the exact optimal pairs of the same
// points move them.
import { displacement, type End, slicedWasserstein, wasserstein } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Split } from "@dsbm/data";
import type { Ends } from "@dsbm/problem";
import { otherRows, testRows } from "@dsbm/problem";
import type { Tensor } from "@dsbm/torch";
import type { Evaluator } from "./evaluator.js";

/** Numbers of a sample set in float64, at most: of large pictures fewer are compared. */
const mostNumbers = 2 ** 25;
/** Pairs whose optimal pairing is computed at every evaluation. */
const mostPairs = 2000;

export async function openSliced(ends: Ends, config: CompleteTrainConfig): Promise<Evaluator> {
  const values = ends.shape.reduce((a, b) => a * b, 1);
  const most = Math.max(2, Math.floor(mostNumbers / values));
  const some = (x: Tensor) => x.narrow(0, 0, Math.min(most, x.size(0)));
  const distance = (x: Tensor, y: Tensor) => slicedWasserstein(some(x), some(y));
  const floorOf = floors(ends, config, distance);
  return {
    measure: ({ side, split, start, end, data }) => ({
      sliced_w2: distance(end, data),
      data_sliced_w2: floorOf(side, split),
      start_sliced_w2: distance(start, data),
    }),
  };
}

export async function openWasserstein(ends: Ends, config: CompleteTrainConfig): Promise<Evaluator> {
  const distance = (x: Tensor, y: Tensor) => wasserstein(x, y).value;
  const floorOf = floors(ends, config, distance);
  return {
    measure: ({ side, split, start, end, data }) => ({
      w2: distance(end, data),
      data_w2: floorOf(side, split),
      optimal_msd: displacement(start, end, { most: mostPairs }).optimal,
    }),
  };
}

/** The distance of the data of a split from those of the other one, computed once for each end. */
function floors(
  ends: Ends,
  config: CompleteTrainConfig,
  distance: (x: Tensor, y: Tensor) => number,
) {
  const known = new Map<string, number>();
  return (side: End, split: Split): number => {
    const key = `${side}/${split}`;
    const own = () => testRows(ends[side], config.test_npar, config.seed, split);
    const floor =
      known.get(key) ?? distance(own().to({ device: "cpu" }), otherRows(ends[side], split, config));
    known.set(key, floor);
    return floor;
  };
}

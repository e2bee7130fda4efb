// How far ends are from held-out data along random directions, beside as many other data: cheap for every kind of data,
// so that a displacement never stands alone.
import { slicedWasserstein } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Split } from "@dsbm/data";
import type { Tensor } from "@dsbm/torch";
import type { Ends } from "../problem/ends.js";
import { testRows } from "../problem/test-rows.js";
import type { Evaluator } from "./evaluator.js";

/** Numbers of a sample set in float64, at most: of large pictures fewer are compared. */
const mostNumbers = 2 ** 25;

export async function openSliced(
  ends: Ends,
  { test_npar, seed }: CompleteTrainConfig,
): Promise<Evaluator> {
  const values = ends.shape.reduce((a, b) => a * b, 1);
  const most = Math.max(2, Math.floor(mostNumbers / values));
  const some = (x: Tensor) => x.narrow(0, 0, Math.min(most, x.size(0)));
  const floors = new Map<string, number>();
  const floorOf = (side: "x0" | "x1", split: Split) => {
    const key = `${side}/${split}`;
    const known = floors.get(key);
    if (known !== undefined) return known;
    const [a, b] = [split, split === "test" ? "train" : "test"].map((from) =>
      some(testRows(ends[side], test_npar, seed, from as Split)).to({ device: "cpu" }),
    ) as [Tensor, Tensor];
    const floor = slicedWasserstein(a, b);
    floors.set(key, floor);
    return floor;
  };
  return {
    measure: ({ side, split, start, end, data }) => ({
      sliced_w2: slicedWasserstein(some(end), some(data)),
      data_sliced_w2: floorOf(side, split),
      start_sliced_w2: slicedWasserstein(some(start), some(data)),
    }),
  };
}

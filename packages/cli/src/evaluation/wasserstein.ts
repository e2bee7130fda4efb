// How far the ends of vectors are from held-out data, beside as many other data, and how far the bridge moves them,
// beside the exact optimal pairs of the same points.
import { displacement, wasserstein } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Split } from "@dsbm/data";
import type { Ends } from "../problem/ends.js";
import { testRows } from "../problem/test-rows.js";
import type { Evaluator } from "./evaluator.js";

/** Pairs whose optimal pairing is computed at every evaluation. */
const mostPairs = 2000;

export async function openWasserstein(
  ends: Ends,
  { test_npar, seed }: CompleteTrainConfig,
): Promise<Evaluator> {
  const floors = new Map<string, number>();
  const floorOf = (side: "x0" | "x1", split: Split) => {
    const key = `${side}/${split}`;
    let floor = floors.get(key);
    if (floor === undefined) {
      const [a, b] = [split, split === "test" ? "train" : "test"].map((from) =>
        testRows(ends[side], test_npar, seed, from as Split).to({ device: "cpu" }),
      ) as [Parameters<typeof wasserstein>[0], Parameters<typeof wasserstein>[0]];
      floor = wasserstein(a, b).value;
      floors.set(key, floor);
    }
    return floor;
  };
  return {
    measure({ side, split, start, end, data }) {
      return {
        w2: wasserstein(end, data).value,
        data_w2: floorOf(side, split),
        optimal_msd: displacement(start, end, { most: mostPairs }).optimal,
      };
    },
  };
}

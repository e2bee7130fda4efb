// How varied starts and ends are, and how far the bridge moves samples, beside independent pairs.
import { endpointRow, endpointStatistics, squaredDistances } from "@dsbm/bridge";
import type { Tensor } from "@dsbm/torch";
import type { Evaluator } from "./evaluator.js";

const columns = ["start", "end", "data"]
  .flatMap((what) => [`${what}_mean`, `${what}_var`, `${what}_sample_var`])
  .filter((name) => name !== "start_sample_var")
  .concat("variance_kept", "mse", "msd", "independent_msd");

export const displacement: Evaluator = {
  measure({ start, end, data }) {
    const ends = endpointRow(endpointStatistics({ start, end, data }));
    const row: Record<string, number> = {
      ...ends,
      // Data of no variance keep none.
      ...(ends.data_sample_var
        ? { variance_kept: Number(ends.end_sample_var) / ends.data_sample_var }
        : {}),
      independent_msd: independentDisplacement(start, data),
    };
    return Object.fromEntries(columns.map((name) => [name, row[name] ?? null]));
  },
};

/** Mean squared distance of independent pairs of starts and data. */
function independentDisplacement(start: Tensor, data: Tensor, most = 2000): number {
  const [a, b] = [start, data].map((x) =>
    x.narrow(0, 0, Math.min(most, x.size(0))).flatten({ startDim: 1 }),
  ) as [Tensor, Tensor];
  return squaredDistances(a, b).mean().item();
}

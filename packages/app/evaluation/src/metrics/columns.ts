// Which column is worst, in the data's own units; the columns that are furthest off in their own deviations come first.
import { columnEstimates, columnWasserstein } from "@dsbm/bridge";
import { tidy } from "@dsbm/torch";
import { drawsOf, estimated } from "../bounds.js";
import type { Measurement, Metric } from "../metric.js";
import { forVectors } from "./endpoints.js";

const mostColumns = 200;

export const columnMetric: Metric = {
  name: "column_w1",
  title: "1-Wasserstein of a column",
  group: "columns",
  meaning:
    "The mean distance by which a column must be moved to be distributed as the data's, in its own units; floor: other target rows; ceiling: the untouched source.",
  serves: forVectors,
  measure: (set, { subject, options: { seed } }) =>
    tidy(() => {
      const { own, names } = subject;
      const data = own(set.side, set.data);
      const found = columnEstimates(own(set.side, set.end), data, { seed, resamples: 50 });
      const draws = drawsOf(set, seed).map((draw) => columnWasserstein(own(set.side, draw), data));
      const ceilings = columnWasserstein(own(set.from, set.start), data);
      const deviations = data.to("float64").std({ dim: 0, correction: 1 }).toNumbers();
      return found
        .map((estimate, k): { off: number; row: Measurement } => {
          const deviation = deviations[k] as number;
          const constant = estimate.value > 0 ? Number.MAX_VALUE : 0;
          const column = names?.length === found.length ? (names[k] as string) : `column ${k + 1}`;
          return {
            off: deviation > 0 ? estimate.value / deviation : constant,
            row: {
              ...estimated(estimate),
              title: `1-Wasserstein of ${column}`,
              column,
              floor: draws.reduce((sum, values) => sum + (values[k] as number), 0) / draws.length,
              ceiling: ceilings[k] as number,
            },
          };
        })
        .sort((a, b) => b.off - a.off)
        .slice(0, mostColumns)
        .map(({ row }) => row);
    }),
};

import { mapConditions } from "@dsbm/bridge";
import { stack, type Tensor, tidy } from "@dsbm/torch";
import type { Metric } from "../metric.js";
import { sampleInBatches } from "../sampling/sample-in-batches.js";
import { disposeAll } from "../tensors.js";

const mostRows = 500;
const drawsOfRow = 8;

/** Metrics of the law of generated rows given their source row. */
export const conditionalMetrics: readonly Metric[] = [
  {
    name: "conditional_variance",
    title: "conditional variance",
    group: "plan",
    meaning: `The variance of ${drawsOfRow} generated rows of one source row, summed over columns, mean over source rows. It is 0 without noise, and at most the variance of the target.`,
    onRequest: true,
    better: "target",
    async measure(set, { subject, options }) {
      const n = Math.min(mostRows, set.start.size(0));
      const start = set.start.narrow(0, 0, n);
      const conditions = mapConditions(set.conditions, (rows) => rows.narrow(0, 0, n));
      const draws: Tensor[] = [];
      try {
        for (let draw = 0; draw < drawsOfRow; draw++) {
          const result = await sampleInBatches(subject.bridge, set.direction, start, {
            ...options,
            sampling: set.sampling,
            conditions,
            purpose: `quality/${set.direction}/draw ${draw}`,
            label: `measuring ${set.direction}, draw ${draw + 1}`,
          });
          if (!result) return "stopped";
          draws.push(result.end);
        }
        const variance = tidy(() =>
          stack(draws)
            .flatten({ startDim: 2 })
            .to("float64")
            .var({ dim: 0, correction: 1 })
            .sum(1)
            .mean()
            .item(),
        );
        return { value: variance * set.unit ** 2, n };
      } finally {
        disposeAll(draws);
      }
    },
  },
];

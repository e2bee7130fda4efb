import type { MetricRow } from "@dsbm/runs";
import type { ComparedMetric, Results, RunRow } from "../shared/api.js";

const comparedGroups: readonly string[] = ["loo", "endpoints", "middle"];

/** The metrics of an evaluation that runs are compared by. */
export const comparedMetrics = (rows: readonly MetricRow[]): ComparedMetric[] =>
  rows
    .filter(({ group }) => comparedGroups.includes(group))
    .map(({ title, direction, value, better, floor, ceiling, target = null }) => ({
      title,
      direction,
      value,
      better,
      floor,
      ceiling,
      target,
    }));

/** The metrics of the last evaluation during training, for runs without quality.json. */
export const trainingMetrics = ({ metrics }: RunRow, { references }: Results): ComparedMetric[] =>
  references.flatMap(({ column, title, group, referenceName }) =>
    (["f", "b"] as const).flatMap((direction): ComparedMetric[] => {
      if (!comparedGroups.includes(group)) return [];
      const { value, reference = null } = metrics[`${column} ${direction}`] ?? {};
      if (value === undefined) return [];
      const isTarget = referenceName === "target";
      return [
        {
          title,
          direction,
          value,
          better: isTarget ? "target" : referenceName === null ? null : "lower",
          floor: referenceName === "floor" ? reference : null,
          ceiling: referenceName === "ceiling" ? reference : null,
          target: isTarget ? reference : null,
        },
      ];
    }),
  );

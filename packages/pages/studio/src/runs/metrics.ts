import { type MetricRow, mainRow, type Quality } from "@dsbm/runs";
import { type ComparedMetric, directions, type Results } from "../shared/api.js";

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
export const trainingMetrics = ({ rows, references }: Results): ComparedMetric[] =>
  references.flatMap(({ column, title, group, isMain, reference, referenceName }) =>
    directions.flatMap((direction): ComparedMetric[] => {
      const row = rows.findLast((one) => one.direction === direction);
      const value = row?.[column];
      if (!isMain || !comparedGroups.includes(group) || !isNumber(value)) return [];
      const isTarget = referenceName === "target";
      const bound = row?.[reference ?? ""];
      const boundOf = (name: string) => (referenceName === name && isNumber(bound) ? bound : null);
      return [
        {
          title,
          direction,
          value,
          better: isTarget ? "target" : referenceName === null ? null : "lower",
          floor: boundOf("floor"),
          ceiling: boundOf("ceiling"),
          target: boundOf("target"),
        },
      ];
    }),
  );

const isNumber = (value: unknown): value is number => Number.isFinite(value);

/** The distance of each direction in an evaluation, for lists of runs. */
export const headlines = (quality: Quality): ComparedMetric[] =>
  comparedMetrics(directions.flatMap((direction) => mainRow(quality, direction) ?? []));

/** The metric that lists show of a run without quality.json. */
export function trainingHeadlines({ rows, references }: Results): ComparedMetric[] {
  const shown = references.find(({ isHeadline }) => isHeadline) ?? references[0];
  return shown ? trainingMetrics({ rows, references: [shown] }) : [];
}

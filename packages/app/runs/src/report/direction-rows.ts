// The metrics of a direction that its figures quote.
import type { MetricRow, Quality } from "../run/quality.js";
import { worstFirst, worstShares } from "./order.js";
import { mainRow } from "./verdict.js";

/** The metrics of a direction, for captions. */
export interface DirectionRows {
  /** The distance that counts. */
  main: MetricRow | undefined;
  /** Of each column, the worst first. */
  columns: readonly MetricRow[];
  /** Metrics at intermediate times. */
  marginals: readonly MetricRow[];
  /** Of each class or range of the condition, the worst first. */
  conditions: readonly MetricRow[];
  spread: MetricRow | undefined;
  /** Of the energy spectrum of fields. */
  spectrum: MetricRow | undefined;
  /** The title of a metric at the endpoint, by its name there, at a time or in a condition. */
  titleOf(row: MetricRow): string;
}

/** The metrics that order conditions, the first one that is there. */
const conditionMetrics = ["condition_feature_distance", "condition_sliced_w2"];

/** The metrics of a direction, for captions. */
export function directionRows(direction: "f" | "b", quality: Quality | null): DirectionRows {
  const rows = (quality?.rows ?? []).filter((row) => row.direction === direction);
  const ofConditions = conditionMetrics
    .map((name) => rows.filter((row) => row.group === "conditions" && row.name === name))
    .find(({ length }) => length > 0);
  return {
    main: quality ? mainRow(quality, direction) : undefined,
    columns: worstFirst(rows.filter(({ column }) => column !== undefined)),
    marginals: rows.filter(({ group }) => group === "marginals"),
    conditions: worstShares(ofConditions ?? []),
    spread: rows.find(({ name }) => name === "variance_ratio"),
    spectrum: rows.find(({ name }) => name === "band_error"),
    titleOf: ({ name, title }) =>
      rows.find((row) => row.name === name.replace(/^(marginal|condition)_/, ""))?.title ?? title,
  };
}

import type { CompleteTrainConfig } from "@dsbm/config";
import {
  type ColumnTransform,
  type DependentColumn,
  dependentColumns,
  levelPlaces,
} from "@dsbm/data";
import type { EndpointData } from "./dataset.js";

/** Columns of tables that follow from several others. */
export function dependentsOf(
  datasets: readonly EndpointData[],
  { std }: ColumnTransform,
  { data }: CompleteTrainConfig,
): DependentColumn[] {
  const facts = datasets.flatMap((end) => end.facts ?? []);
  const [{ columns, categories }] = facts;
  const levels = levelPlaces(columns, categories);
  // Sums of logarithms are no sums, and principal components keep sums.
  if (data.log1p || data.components !== null) return [];
  return dependentColumns(
    datasets.map(({ train }) => train),
    columns,
    (k) => std[k] === 0 || levels.has(k),
  );
}

import { firstOf } from "@dsbm/files";
import type { Datasets } from "./datasets.js";

const fewNames = 3;

/** Warnings about the data: one line if many columns have some. */
export function dataWarnings(datasets: Datasets): string[] {
  const { channels } = datasets;
  const warnings = [channels, datasets.columns].flatMap((part) => part?.description.warnings ?? []);
  const columns = datasets.columns?.description.columns ?? [];
  const noted = columns.filter(({ notes }) => notes.length > 0).map(({ name }) => name);
  const ofColumns = columns.flatMap(({ name, notes }) =>
    notes.map((note) => `column ${name}: ${note}`),
  );
  if (noted.length <= fewNames) return warnings;
  return [
    ...warnings.filter((line) => !ofColumns.includes(line)),
    `${noted.length} columns have warnings (${firstOf(noted, 8)}): the report and data.json have them`,
  ];
}

// The record of a run in the uns of a .h5ad file.
import type { UnsValue } from "@dsbm/data";
import { readQuality, version } from "@dsbm/runs";
import type { Trained } from "../trained.js";

/** A record for uns: the run, its options, its metrics with floors. */
export function runRecord({ folder, config }: Trained, settings: object): Record<string, UnsValue> {
  const { method, sigma, seed, Dataset, Dataset_transfer } = config;
  const run = { method, sigma, seed, Dataset, Dataset_transfer };
  const rows = readQuality(folder)?.rows ?? [];
  const metrics = rows.map(({ name, direction, at, column, value, floor, ceiling }) => [
    [name, direction, at, column].filter(Boolean).join(" "),
    withoutNull({ value, floor, ceiling }),
  ]);
  return {
    version,
    folder,
    run: withoutNull(run),
    settings: withoutNull(settings),
    metrics: Object.fromEntries(metrics),
  };
}

const withoutNull = (record: object): UnsValue =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));

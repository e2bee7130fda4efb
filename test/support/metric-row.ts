// Rows of quality.json for tests of verdicts and reports.
import type { MetricRow } from "@dsbm/runs";

/** A row of quality.json from floor 1 to ceiling 100. */
export const metricRow = (change: Partial<MetricRow>): MetricRow => ({
  name: "sliced_w2",
  title: "sliced W2",
  group: "endpoints",
  meaning: "",
  direction: "f",
  value: 1,
  interval: null,
  floor: 1,
  ceiling: 100,
  better: "lower",
  n: null,
  ...change,
});

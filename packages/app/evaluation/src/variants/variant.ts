import type { MetricGroup, MetricRow } from "@dsbm/runs";
import type { SampleSet } from "../metric.js";

export interface Variant {
  /** Text around the name of each metric. */
  prefix: string;
  suffix?: string;
  group: MetricGroup;
  metrics: readonly string[];
  set: SampleSet;
  change(row: MetricRow): Partial<MetricRow>;
}

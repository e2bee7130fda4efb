// The same metrics on other samples: at other times, or of a bridge without training.
import type { MetricGroup, MetricRow } from "@dsbm/runs";
import type { SampleSet } from "../metric.js";

export interface Variant {
  /** Before and after the name of each metric. */
  prefix: string;
  suffix?: string;
  group: MetricGroup;
  /** Names of the metrics. */
  metrics: readonly string[];
  set: SampleSet;
  change(row: MetricRow): Partial<MetricRow>;
}

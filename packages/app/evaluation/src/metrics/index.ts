// All metrics, in the order of tables: the only list of them.
import type { Metric } from "../metric.js";
import type { SampleSubject } from "../subject.js";
import { classifierMetric } from "./classifier.js";
import { columnMetric } from "./columns.js";
import { conditionalMetrics } from "./conditional.js";
import { endpointMetrics, strayMetric } from "./endpoints.js";
import { fieldCorrelationMetrics } from "./field-correlations.js";
import { fieldValueMetrics } from "./field-values.js";
import { fieldMetrics } from "./fields.js";
import { gaussianMetrics } from "./gaussian.js";
import { growthMetrics } from "./growth.js";
import { imageMetrics } from "./images.js";
import { inceptionMetrics } from "./inception.js";
import { pairMetrics, pathMetrics } from "./paths.js";

/** The metrics of `dsbm compare`. */
export const sampleMetrics: readonly Metric<SampleSubject>[] = [
  ...endpointMetrics,
  classifierMetric,
  ...inceptionMetrics,
  columnMetric,
];

/** All metrics of runs, in the order of the tables. */
export const metrics: readonly Metric[] = [
  ...gaussianMetrics,
  ...endpointMetrics,
  classifierMetric,
  strayMetric,
  ...imageMetrics,
  ...inceptionMetrics,
  ...fieldMetrics,
  ...fieldValueMetrics,
  ...fieldCorrelationMetrics,
  ...pairMetrics,
  ...conditionalMetrics,
  ...growthMetrics,
  ...pathMetrics,
  columnMetric,
];

// The public face of @dsbm/evaluation.
export { type Holdout, holdoutsOf } from "./holdout/rows.js";
export { disposeCarried, type Evaluation, Evaluators, evaluate } from "./live/evaluate.js";
export { checkMetrics, DivergedError } from "./live/finite.js";
export {
  columnsFor,
  describeResult,
  metrics,
  newestRows,
  newestTable,
  shownColumns,
  shownRows,
} from "./live/metrics.js";
export { flowSampler, plainSampler, type TestSampler } from "./live/samplers.js";
export { measureQuality, type QualityOptions } from "./measure.js";
export { atTime, nameOf } from "./rows/marginals.js";
export { openSubject, type Subject } from "./subject.js";
export { qualityTable } from "./table.js";

// The public face of @dsbm/evaluation.
export { type CompareOptions, compareFiles } from "./compare.js";
export { checkMetrics, DivergedError } from "./finite.js";
export { measureQuality, type QualityOptions } from "./measure.js";
export type { Measuring } from "./measuring.js";
export type { Metric, SampleSet } from "./metric.js";
export { fieldSpectra } from "./metrics/fields.js";
export { type BandRow, noEnergy, type Spectra } from "./metrics/spectra.js";
export { type DrawnSamples, judgeSamples } from "./samples.js";
export { type OpenSubject, openSubject, subjectOf } from "./subject.js";
export { qualityTable } from "./table.js";
export { columnsFor, type Evaluation, type EvaluationSampling, Evaluator } from "./training.js";
export { transport } from "./transport.js";
export { type Holdout, holdoutsOf } from "./variants/holdouts.js";
export { type Dated, measureLeftOut } from "./variants/left-out.js";
export { atTime, nameOf } from "./variants/marginals.js";

export type { Columns } from "./columns.js";
export {
  conditionsOf,
  type EndpointData,
  gaussianName,
  loadOptions,
  marginalsOf,
  testConditions,
  testRows,
} from "./dataset.js";
export {
  type Datasets,
  type DataWork,
  isVectors,
  largestBatch,
  loadDatasets,
  openDatasets,
  shortName,
  trainingEndpoints,
} from "./datasets.js";
export {
  type Encoding,
  encodeDatasets,
  openEncodedDatasets,
  readEncoding,
  reconstructionError,
  secondsOfAutoencoderStep,
} from "./encoding.js";
export { fieldInputs, processOnCells } from "./field-cells.js";
export type { Channels, FieldsDescription } from "./fields.js";
export { type GaussianMoments, gaussianLaw } from "./gaussian-target.js";
export type { GrowthCells } from "./growth-bootstrap.js";
export {
  type GrowthEstimate,
  growthEstimate,
  growthFacts,
  growthNumbers,
} from "./growth-estimate.js";
export { encodeGrowth, growthFiles } from "./growth-file.js";
export * from "./growth-intervals.js";
export { imageSize, networkShape } from "./image-size.js";
export * from "./known-pairs.js";
export * from "./left-out.js";
export { growthNote, relativeMasses } from "./masses.js";
export { ownOptions } from "./own-options.js";
export * from "./picture-folders.js";
export * from "./saved-folders.js";
export { configChain, type TimeConfig, timeScale, timeValues } from "./times.js";
export { dataWarnings } from "./warnings.js";

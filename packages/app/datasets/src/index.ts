export type { Columns } from "./columns.js";
export {
  conditionsOf,
  configChain,
  type EndpointData,
  gaussianName,
  loading,
  type TimeConfig,
  testConditions,
  testRows,
  timeScale,
  timeValues,
} from "./dataset.js";
export {
  aboutPairs,
  type Datasets,
  folds,
  isVectors,
  largestBatch,
  loadDatasets,
  loadPairs,
  marginalsOf,
  openDatasets,
  pictureFolders,
  pictureSizes,
  shortName,
  tables,
  withoutDataset,
  withoutRows,
} from "./datasets.js";
export { type GaussianMoments, gaussianLaw } from "./gaussian-target.js";
export * from "./growth-intervals.js";
export { growthNote, growthNumbers, relativeMasses } from "./masses.js";

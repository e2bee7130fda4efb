export { conditionsOf, type EndpointData, loading } from "./dataset.js";
export {
  type Datasets,
  isVectors,
  loadDatasets,
  marginalsOf,
  openDatasets,
  withoutDataset,
} from "./datasets.js";
export { type GaussianMoments, gaussianLaw, gaussianName } from "./gaussian-target.js";
export { type GrowthCells, growthIntervals } from "./growth-intervals.js";
export { checkpointId, type Position, stepsBefore, stepsOf } from "./iteration.js";
export { growthNote, growthNumbers, relativeMasses } from "./masses.js";
export { buildNetwork } from "./network.js";
export { aboutPairs, loadPairs } from "./pairs/known-pairs.js";
export { pictureFolders, pictureSizes } from "./pictures/sizes.js";
export {
  bridgeProcess,
  checkBatch,
  chunkRows,
  evaluatedDirections,
  threadsOf,
  trainingProblem,
} from "./problem.js";
export { type RunColumns, readColumns } from "./saved-columns.js";
export { testConditions, testRows } from "./test-rows.js";
export { type TimeConfig, timeScale, timeValues } from "./times.js";

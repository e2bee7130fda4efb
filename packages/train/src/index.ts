export { ProcessRanks, type ProcessRanksOptions } from "./distributed/process-ranks.js";
export { localRanks, type Ranks } from "./distributed/ranks.js";
export type { TrainEvent } from "./events.js";
export {
  type CompleteProblem,
  complete,
  directionOf,
  type Execution,
  type MethodOptions,
  type NetworkDType,
  type Problem,
  type Schedule,
  withExecution,
} from "./problem.js";
export { cutRows } from "./rows/rows.js";
export { type CarryOptions, type FollowOptions, timesOf } from "./sampler/carry.js";
export { type NoiseOptions, RowNoise, type RowRange } from "./sampler/row-noise.js";
export { Sampler, type SamplerOptions, type SimulateOptions } from "./sampler/sampler.js";
export type { SavedFacts, SavedTraining, TrainState } from "./state/state.js";
export { regressionLoss, trainingStep } from "./step/training-step.js";
export { Training } from "./training.js";

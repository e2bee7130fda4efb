export { ProcessRanks } from "./distributed/process-ranks.js";
export { localRanks, type Ranks } from "./distributed/ranks.js";
export * from "./events.js";
export {
  type CompleteProblem,
  complete,
  directionOf,
  type Execution,
  type MethodOptions,
  type Problem,
  type Schedule,
  withExecution,
} from "./problem.js";
export { cutRows } from "./rows/rows.js";
export { type CarryOptions, type FollowOptions, RowNoise, timesOf } from "./sampler/carry.js";
export {
  Sampler,
  type SamplerOptions,
  type SimulateOptions,
} from "./sampler/sampler.js";
export type { SavedFacts, SavedTraining } from "./state/state.js";
export { type StepOptions, trainingStep } from "./step/training-step.js";
export * from "./training.js";

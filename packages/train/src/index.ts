export { Ranks, type RanksOptions } from "./distributed/ranks.js";
export type { TrainEvent } from "./events.js";
export {
  complete,
  type Execution,
  type MethodOptions,
  type Problem,
  type Schedule,
  withExecution,
} from "./problem.js";
export { Simulator, type SimulatorOptions } from "./simulator.js";
export type { SavedFacts, SavedTraining, TrainState } from "./state/state.js";
export { batchOf, regressionLoss, shuffleRows, trainingStep } from "./step/training-step.js";
export { Training } from "./training.js";

export { checkSavedFolder, savedPaths } from "@dsbm/datasets";
export {
  type DistillOptions,
  distilledFolder,
  measureInSteps,
  measureSteps,
  runDistill,
} from "./distill.js";
export { measureSpeed, type Speed } from "./forecast/speed.js";
export { evaluationShare, type PlannableTraining, TimePlan } from "./forecast/time-plan.js";
export { drive } from "./run/driver.js";
export { environment } from "./run/environment.js";
export { isOneOfSeveral, joinRanks, onOwnDevice } from "./run/ranks.js";
export * from "./run/report.js";
export type { RunOptions, RunResult, WorkerOptions } from "./run/run.js";
export { runTraining, runTrainingWorker } from "./run/run.js";
export { finishedRun } from "./run/same-config.js";
export { type WarningPlaces, warn } from "./run/warning.js";

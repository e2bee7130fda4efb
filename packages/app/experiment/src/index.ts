export { checkSavedFolder, savedPaths } from "@dsbm/datasets";
export { measureSpeed, type Speed } from "./forecast/speed.js";
export { evaluationShare, type Planned, TimePlan } from "./forecast/time-plan.js";
export { drive } from "./run/driver.js";
export { isOneOfSeveral, joinRanks, onOwnDevice } from "./run/ranks.js";
export * from "./run/report.js";
export type { RunOptions, RunResult, WorkerOptions } from "./run/run.js";
export { environment, finishedRun, runTraining, runTrainingWorker } from "./run/run.js";
export { type WarningPlaces, warn } from "./run/warning.js";

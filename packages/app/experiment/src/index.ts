export { type FitRequest, fitMember, methodNames, planFit, printPlan } from "./fit/plan.js";
export * from "./fit/run.js";
export { type Planned, TimePlan } from "./forecast/time-plan.js";
export { isOneOfSeveral, joinRanks, onOwnDevice } from "./run/ranks.js";
export * from "./run/report.js";
export type { RunOptions, WorkerOptions } from "./run/run.js";
export { environment, finishedRun, runTraining, runTrainingWorker } from "./run/run.js";

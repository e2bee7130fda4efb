// The public face of @dsbm/experiment.

export { planFit, printPlan } from "./fit/plan.js";
export { type FitRequest, fitMember, prepare } from "./fit/prepare.js";
export { finishedFit, runFit, runFitWorker } from "./fit/run.js";
export { withTimes } from "./fit/times.js";
export { TimeEstimate } from "./forecast/estimate.js";
export { type Planned, TimePlan } from "./forecast/time-plan.js";
export type { Extension } from "./run/begin/extension.js";
export { environment } from "./run/environment.js";
export { measureAndDraw, measureRun } from "./run/measure.js";
export { openRunOf } from "./run/open-run.js";
export type { RunOptions, WorkerOptions } from "./run/options.js";
export { aloneOnly, isOneOfSeveral, joinRanks, onOwnDevice } from "./run/ranks.js";
export { lastOfHalves, panelsOf, writeReport } from "./run/report.js";
export { finishedRun, runTraining, runTrainingWorker } from "./run/run.js";

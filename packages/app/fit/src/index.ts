export { planFit } from "./plan.js";
export { datasetLines, planWarnings, printPlan } from "./print.js";
export { type FitRequest, fitMember, methodNames } from "./request.js";
export { finishedFit, runFit, runFitWorker } from "./run.js";
export { withTimes } from "./times.js";

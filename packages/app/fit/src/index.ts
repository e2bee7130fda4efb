export { type FitRequest, fitMember, methodNames, planFit, printPlan } from "./plan.js";
export * from "./run.js";

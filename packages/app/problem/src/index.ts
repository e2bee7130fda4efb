export { cautionsOf } from "./cautions.js";
export * from "./network.js";
export * from "./position.js";
export * from "./process.js";
export * from "./threads.js";
export * from "./training-problem.js";

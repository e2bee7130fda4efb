export * from "./adam.js";
export { clipGradNorm_ } from "./clip.js";
export { EMA } from "./ema.js";

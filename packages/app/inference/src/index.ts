// The public face of @dsbm/inference.
export { checkDiffusion, checkGuidance } from "./carrier.js";
export { gridOf } from "./grid.js";
export { encoded } from "./input/table.js";
export {
  type OpenBridge,
  type OpenOptions,
  openBridge,
  type SampleOptions,
  type Samples,
} from "./open.js";
export { runSample, type SampleResult } from "./run.js";
export { classesOf, loadNetworks, readTrained, type Trained, usualDirection } from "./trained.js";
export { readProjection } from "./units.js";

export { timeScale, timeValues } from "@dsbm/datasets";
export { runAnnotate } from "./annotate/annotate.js";
export * from "./annotate/fates.js";
export { Bridge } from "./bridge.js";
export type {
  LikelihoodOptions,
  OpenOptions,
  Paths,
  SampleOptions,
  Samples,
} from "./bridge-options.js";
export { columnsLike } from "./input/columns.js";
export { gridOf, timeLabel } from "./plan.js";
export { strayValues } from "./ranges.js";
export * from "./run.js";
export {
  classesOf,
  type Networks,
  readProjection,
  readTrained,
  type Trained,
  usualDirection,
} from "./trained.js";

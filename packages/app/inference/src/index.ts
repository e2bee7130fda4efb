export { timeScale, timeValues } from "@dsbm/datasets";
export { runAnnotate } from "./annotate/annotate.js";
export * from "./annotate/fates.js";
export {
  Bridge,
  type LikelihoodOptions,
  type OpenOptions,
  type Paths,
  type SampleOptions,
  type Samples,
} from "./bridge.js";
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

export { timeScale, timeValues } from "@dsbm/datasets";
export { runAnnotate } from "./annotate/annotate.js";
export * from "./annotate/fates.js";
export { Bridge } from "./bridge.js";
export type {
  BridgeLikelihoodOptions,
  GeneratedSamples,
  OpenOptions,
  Paths,
  RunSampleOptions,
} from "./bridge-options.js";
export { oddRow } from "./check-rows.js";
export { columnsLike } from "./input/columns.js";
export { commandOption } from "./input/command-option.js";
export { ownFields } from "./output/fields.js";
export { gridOf, timeLabel, timeName } from "./plan.js";
export { strayValues } from "./ranges.js";
export * from "./run.js";
export { type OpenTeacher, openTeacher, readTeacherRun } from "./teacher.js";
export {
  classesOf,
  readProjection,
  readTrained,
  type Trained,
  type TrainedNetworks,
  usualDirection,
} from "./trained.js";

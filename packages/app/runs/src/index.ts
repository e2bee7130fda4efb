export {
  type Checkpoint,
  type CheckpointEntry,
  listCheckpoints,
  newestCheckpoint,
} from "./checkpoint/read.js";
export * from "./checkpoint/store.js";
export * from "./clock.js";
export * from "./errors.js";
export * from "./figure/images.js";
export { scatterFigure } from "./figure/plane.js";
export type { Course, Points } from "./figure/points.js";
export * from "./figure/spectrum.js";
export {
  colorOf,
  composeFigure,
  type LegendEntry,
  logAxis,
  pickIndexes,
  textWidth,
} from "./figure/svg.js";
export * from "./figure/trend.js";
export * from "./files/csv.js";
export { readJson, readJsonLines, toJson } from "./files/json.js";
export * from "./logger/logger.js";
export * from "./process.js";
export {
  createProgress,
  duration,
  type Progress,
  type ProgressState,
  silentProgress,
} from "./progress.js";
export { endNames } from "./report/data.js";
export { gradedRows, judge, type VerdictFacts, verdictOn } from "./report/judge.js";
export * from "./report/run.js";
export { distinctNames, gradeWords, leftOutSentences, verdictTitle } from "./report/verdict.js";
export * from "./run/columns.js";
export * from "./run/data.js";
export * from "./run/hashes.js";
export { type Direction, runFolder, runPaths } from "./run/layout.js";
export * from "./run/quality.js";
export * from "./run/reader.js";
export * from "./run/writer.js";
export * from "./sweeps/manifest.js";
export * from "./sweeps/summary.js";
export * from "./table.js";

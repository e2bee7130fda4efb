export {
  type Checkpoint,
  type CheckpointEntry,
  type CheckpointPoint,
  type CheckpointStore,
  listCheckpoints,
  newestCheckpoint,
  openCheckpoints,
} from "./checkpoint/checkpoints.js";
export * from "./clock.js";
export * from "./duration.js";
export * from "./errors.js";
export { columnName } from "./figure/axis-units.js";
export * from "./figure/images.js";
export * from "./figure/maps.js";
export { scatterFigure } from "./figure/plane.js";
export type { Course, Points } from "./figure/points-file.js";
export * from "./figure/spectrum.js";
export {
  colorOf,
  composeFigure,
  type LegendEntry,
  logAxis,
  pickIndexes,
  svgToPng,
  textWidth,
} from "./figure/svg.js";
export * from "./figure/trend.js";
export { checkAs, fromJson, readJson, readJsonLines, toJson } from "./files/json.js";
export * from "./files/table.js";
export * from "./logger/logger.js";
export * from "./process.js";
export {
  createProgress,
  type NumberRows,
  type Progress,
  type ProgressState,
  showRows,
  silentProgress,
  type TrainingPaths,
} from "./progress.js";
export { runQueue } from "./queue.js";
export { type BarShape, barShape, type LabelledBar } from "./report/bar.js";
export { courseTitle } from "./report/course.js";
export { hasEvaluationPictures } from "./report/evaluation-pictures.js";
export { comparisonRows } from "./report/few-steps.js";
export type { EvaluationView } from "./report/figures.js";
export { heldOutSentences } from "./report/held-out.js";
export { distinctNames, endNames } from "./report/names.js";
export { worstFirst } from "./report/order.js";
export { planeOptions } from "./report/plane-options.js";
export { type RunReport, renderRun, type TrainingCounts } from "./report/run.js";
export {
  decidingRow,
  directionVerdicts,
  heldOutVerdicts,
  mainRow,
  type TitledVerdict,
  verdictTitle,
} from "./report/verdict.js";
export { rowWords, shareOfWay, wayWords } from "./report/words.js";
export { checkFiles, writeRunFile } from "./run/checksums.js";
export * from "./run/data-file.js";
export * from "./run/few-steps.js";
export * from "./run/fields-file.js";
export { type GrowthFacts, growthCaution, growthFile, readGrowth } from "./run/growth-file.js";
export { autoencoderFile, type Direction, runFolder, runPaths } from "./run/layout.js";
export {
  type LiveProgress,
  liveProgress,
  removeProgress,
  writeProgress,
} from "./run/live-progress.js";
export * from "./run/logged-metrics.js";
export * from "./run/quality.js";
export * from "./run/reader.js";
export { exportRefusal, extendRefusal, resumeRefusal } from "./run/refusals.js";
export * from "./run/run-info.js";
export {
  type Grade,
  grades,
  gradeText,
  type NextStep,
  nextStepText,
  type Verdict,
} from "./run/verdict.js";
export * from "./run/warnings.js";
export * from "./run/writer.js";
export * from "./statistics.js";
export * from "./sweeps/manifest.js";
export * from "./sweeps/summary.js";

// What other packages and users import.

export * from "./checkpoint/read.js";
export * from "./checkpoint/store.js";
export { cores } from "./cores.js";
export { errnoOf, fileError, RunError, type RunErrorCode } from "./errors.js";
export { pickIndexes } from "./figure/axis.js";
export * from "./figure/images.js";
export * from "./figure/png.js";
export * from "./figure/rows.js";
export * from "./figure/scatter.js";
export * from "./figure/spectrum.js";
export * from "./figure/trend.js";
export * from "./files/csv.js";
export { readJson, toJson } from "./files/json.js";
export {
  type FileData,
  makeFolder,
  openFileReplacement,
  openFolderReplacement,
  temporaryPath,
  writeFileAtomic,
} from "./files/write.js";
export {
  createInterrupt,
  type Interrupt,
  isStopCode,
  patience,
  stoppedCode,
  stoppedWithin,
  stopping,
} from "./interrupt.js";
export * from "./logger/logger.js";
export * from "./logger/names.js";
export {
  createProgress,
  duration,
  type Progress,
  type ProgressState,
  silentProgress,
} from "./progress.js";
export * from "./report/parts.js";
export type { Points } from "./report/points/points.js";
export { type RunReport, renderRun, type View } from "./report/run.js";
export { findRun, linkLatest } from "./run/find.js";
export {
  checkFiles,
  type DamagedFile,
  damagedFiles,
  damageError,
  writeRunFile,
} from "./run/hashes.js";
export type { Environment, RunInfo, RunState } from "./run/info.js";
export { type Direction, type RunPaths, runFolder, runPaths } from "./run/layout.js";
export { acquireLock, type Lock, lockHolder } from "./run/lock.js";
export * from "./run/quality.js";
export * from "./run/reader.js";
export * from "./run/writer.js";
export { shellWord } from "./shell.js";
export * from "./sweeps/journal.js";
export * from "./sweeps/manifest.js";
export * from "./sweeps/state.js";
export * from "./sweeps/summary.js";
export { formatNumber, formatTable, type TableOptions } from "./table.js";
export { version } from "./version.js";

// The room's public face, in reading order (the blank lines keep the sorter from undoing it).

export {
  type Checkpoint,
  type CheckpointEntry,
  type CheckpointFile,
  type DamagedCheckpoint,
  listCheckpoints,
  loadCheckpoint,
  type NewestCheckpoint,
  newestCheckpoint,
} from "./checkpoint/read.js";
export * from "./checkpoint/store.js";
export { RunError, type RunErrorCode } from "./errors.js";
export * from "./figure/animation.js";
export * from "./figure/grid.js";
export { picturePng } from "./figure/picture.js";
export { svgToPng } from "./figure/png.js";
export * from "./figure/report.js";
export * from "./figure/scatter.js";
export type { ImageShape, Pixels } from "./figure/sheet.js";
export * from "./figure/spectrum.js";
export * from "./figure/strip.js";
export * from "./figure/trend.js";
export * from "./files/csv.js";
export * from "./files/replacement.js";
export { sweepTemporaries } from "./files/temporaries.js";
export { type FileData, makeFolder, replaceFileAtomic, writeFileAtomic } from "./files/write.js";
export * from "./logger/logger.js";
export * from "./logger/names.js";
export * from "./run/info.js";
export * from "./run/layout.js";
export { acquireLock, type Lock, lockHolder } from "./run/lock.js";
export * from "./run/reader.js";
export * from "./run/writer.js";
export * from "./sweeps/journal.js";
export * from "./sweeps/manifest.js";
export * from "./sweeps/state.js";
export * from "./sweeps/summary.js";
export { columnsOf, formatNumber, formatTable, type TableOptions } from "./table.js";

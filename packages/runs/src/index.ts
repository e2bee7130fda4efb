// What other rooms and users import, in reading order (the blank lines keep the sorter from changing it).

export type { KeepPolicy } from "./checkpoint/policy.js";
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
export {
  type CheckpointPoint,
  type CheckpointStore,
  type OpenCheckpointsOptions,
  openCheckpoints,
  type SavedCheckpoint,
} from "./checkpoint/store.js";
export { RunError, type RunErrorCode } from "./errors.js";
export { type AnimatedGridOptions, animatedGrid } from "./figure/animation.js";
export { type ImageGridOptions, imageGrid } from "./figure/grid.js";
export { picturePng } from "./figure/picture.js";
export { svgToPng } from "./figure/png.js";
export { type ReportOptions, type ReportTable, renderReport } from "./figure/report.js";
export { type ScatterOptions, scatterFigure } from "./figure/scatter.js";
export type { ImageShape, Pixels } from "./figure/sheet.js";
export {
  type SpectrumFigureOptions,
  type SpectrumSeries,
  spectrumFigure,
} from "./figure/spectrum.js";
export { type PathStripOptions, pathStrip } from "./figure/strip.js";
export { type TrendOptions, type TrendPanel, trendFigure } from "./figure/trend.js";
export {
  type Cell,
  type CsvWriter,
  formatCsv,
  openCsv,
  type Row,
  readCsv,
  type Table,
} from "./files/csv.js";
export { sweepTemporaries } from "./files/temporaries.js";
export {
  type FileData,
  type FolderReplacement,
  openFileReplacement,
  openFolderReplacement,
  type Replacement,
  writeFileAtomic,
} from "./files/write.js";
export {
  type Logger,
  type LoggerOptions,
  type LogValues,
  loggers,
  type OpenLogger,
} from "./logger/logger.js";
export { type MetricPlace, metricName, namedMetrics } from "./logger/names.js";
export type { Environment, RunInfo, RunState } from "./run/info.js";
export { type Direction, type RunPaths, runFolder, runPaths } from "./run/layout.js";
export { acquireLock, type Lock, lockHolder } from "./run/lock.js";
export {
  isFinished,
  listRuns,
  type ModelFile,
  type Run,
  type RunEntry,
  readMetrics,
  readRun,
} from "./run/reader.js";
export { type OpenRunOptions, openRun, type RunWriter } from "./run/writer.js";
export { openJournal, readTraces, type SweepEvent, type Trace } from "./sweeps/journal.js";
export {
  entryFolder,
  findSweeps,
  readManifest,
  type SweepEntry,
  type SweepManifest,
  type SweepPaths,
  sweepPaths,
  sweepsFolder,
  writeManifest,
} from "./sweeps/manifest.js";
export {
  countStates,
  type Evidence,
  type MemberState,
  memberStatus,
  type Status,
} from "./sweeps/state.js";
export { meanOf, type SeedResults, stdOf, summarise } from "./sweeps/summary.js";
export { columnsOf, formatNumber, formatTable, type TableOptions } from "./table.js";

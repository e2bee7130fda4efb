// The room's public face, in reading order (the blank lines keep the sorter from undoing it).

export { type FileData, replaceFileAtomic, sweepTemporaries, writeFileAtomic } from "./atomic.js";
export * from "./csv.js";
export { RunError, type RunErrorCode } from "./errors.js";
export * from "./figure/convergence.js";
export * from "./figure/grid.js";
export { svgToPng } from "./figure/png.js";
export * from "./figure/report.js";
export * from "./figure/scatter.js";
export * from "./info.js";
export * from "./layout.js";
export * from "./logger.js";
export * from "./reader.js";
export * from "./table.js";
export * from "./writer.js";

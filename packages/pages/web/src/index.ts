// Runs exports of `dsbm export` in browsers, workers and Node; no libtorch.
export * from "./bridge/bridge.js";
export * from "./bridge/create.js";
export * from "./bridge/dynamics.js";
export * from "./bridge/units.js";
export type { BridgeDescription } from "./export/description.js";
export { type ExportFiles, type LoadOptions, loadBridge, readUnits } from "./export/load.js";
export type { Runtime } from "./export/runtime.js";
export type { Direction } from "./solver/grid.js";

// The library's public face; its parts are sub-paths (parts/): `dsbm/torch`, `dsbm/bridge`, …

export type { Metric } from "@dsbm/evaluation";
export {
  type Bridge,
  type BridgePaths,
  type BridgeSampleOptions,
  type BridgeSamples,
  type EvaluateOptions,
  evaluate,
  openBridge,
} from "./library/bridge.js";
export { type FitKeys, type FitOptions, type FitProgress, fit } from "./library/fit.js";
export type { Source } from "./library/inputs.js";
export type { Rows, SameKind, ShapedNumbers } from "./library/rows.js";

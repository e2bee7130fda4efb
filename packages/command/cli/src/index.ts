export { BridgeError } from "@dsbm/bridge";
export { ConfigError } from "@dsbm/config";
export { DatasetError } from "@dsbm/data";
export type { Metric } from "@dsbm/evaluation";
export { FileError } from "@dsbm/files";
export { RunError } from "@dsbm/runs";
export { TorchError } from "@dsbm/torch";
export {
  type Bridge,
  type BridgePaths,
  type BridgeSampleOptions,
  type BridgeSamples,
  type EvaluateOptions,
  evaluate,
  openBridge,
} from "./library/bridge.js";
export { type FitOptions, type FitProgress, fit, type OptionPlan, plan } from "./library/fit.js";
export type { Source } from "./library/inputs.js";
export type { EvaluateKeys, ExportKeys, FitKeys, SampleKeys } from "./library/keys.generated.js";
export type { Rows, SameKind, ShapedNumbers } from "./library/row-kinds.js";

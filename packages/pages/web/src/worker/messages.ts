import type { BridgeInfo, Rows, Sampled, SampleOptions, State } from "../bridge/bridge.js";
import type { ExportFiles } from "../export/load.js";

export interface LoadRequest {
  source: string | ExportFiles;
  /** ONNX Runtime's own file, or its address, if it is not next to the script. */
  wasm?: string | Uint8Array;
}

export type Ask =
  | { id: number; type: "load"; request: LoadRequest }
  | { id: number; type: "sample"; x0: Rows; options: Omit<SampleOptions, "onStep" | "signal"> }
  | { id: number; type: "abort" };

export type Answer =
  | { id: number; type: "loaded"; info: BridgeInfo }
  | { id: number; type: "state"; state: State }
  | { id: number; type: "sampled"; result: Sampled }
  | { id: number; type: "error"; message: string; isOurs: boolean };

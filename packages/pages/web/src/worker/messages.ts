// What a page and the worker that samples for it say to each other.
import type { BridgeInfo, Rows, Sampled, SampleOptions } from "../bridge/bridge.js";
import type { ExportFiles } from "../export/load.js";

/** What a worker opens: an address, or files in memory. */
export interface LoadRequest {
  source: string | ExportFiles;
  /** Where ONNX Runtime's own file is, or the file itself, where it does not stand beside the script. */
  wasm?: string | Uint8Array;
}

export type Ask =
  | { id: number; type: "load"; request: LoadRequest }
  | { id: number; type: "sample"; x0: Rows; options: Omit<SampleOptions, "onStep" | "signal"> }
  | { id: number; type: "abort" };

export type Answer =
  | { id: number; type: "loaded"; info: BridgeInfo }
  | { id: number; type: "state"; state: { k: number; time: number; x: Rows } }
  | { id: number; type: "sampled"; result: Sampled }
  | { id: number; type: "error"; message: string; isOurs: boolean };

// The library's public face: the engine, the mathematics, and what runs leave behind.
export * as bridge from "@dsbm/bridge";
export * as runs from "@dsbm/runs";
export * as torch from "@dsbm/torch";
export {
  type OpenBridge,
  openBridge,
  type SampleOptions,
  type Samples,
} from "./sample/open.js";

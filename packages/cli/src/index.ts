// The library's public face: the engine, the mathematics, and what runs leave behind.

export * as runs from "@dsbm/runs";
export * as torch from "@dsbm/torch";
export * as bridge from "./bridge.js";
export { type OpenBridge, openBridge, type SampleOptions, type Samples } from "./sample/open.js";

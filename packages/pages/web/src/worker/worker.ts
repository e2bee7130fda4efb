// The script of a worker that runs exported bridges: bundled with ONNX Runtime to dist/bundle/worker.js.
import * as ort from "onnxruntime-web/wasm";
import { loadBridge } from "../export/load.js";
import { serveBridge } from "./index.js";

serveBridge(({ source, wasm }) => {
  // One thread: more need a page that is isolated from other origins.
  ort.env.wasm.numThreads = 1;
  if (typeof wasm === "string") ort.env.wasm.wasmPaths = { wasm };
  else if (wasm) ort.env.wasm.wasmBinary = wasm;
  return loadBridge(source, { runtime: ort });
});

// The script of a worker that runs exported MLPs without ONNX Runtime: bundled to dist/bundle/plain-worker.js.
import { loadBridge } from "../export/load.js";
import { plainRuntime } from "../plain/runtime.js";
import { serveBridge } from "./index.js";

serveBridge(({ source }) => loadBridge(source, { runtime: plainRuntime }));
